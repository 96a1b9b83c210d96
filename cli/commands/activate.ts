import { hostname } from 'node:os';
import type { Command } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { systemClock } from '../../base/clock.js';
import { readFileAtMost, writeFileAtomic } from '../../base/files.js';
import { productVersion } from '../../base/version.js';
import { activate } from '../../scanner/update/activate.js';
import { defaultHomePath, openHome } from '../../scanner/state/home.js';
import { acceptActivation } from '../../scanner/offline/activation-answer.js';
import { requestActivation } from '../../scanner/offline/activation-request.js';
import { CliError } from '../error.js';
import { firstTrustOf, type FirstTrustOptions, withFirstTrust } from '../first-trust-option.js';
import { hint, print, printable, printJson } from '../output.js';

interface ActivateOptions extends FirstTrustOptions {
  readonly server?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly request?: string;
  readonly license?: string;
  readonly answer?: string;
  readonly name: string;
  readonly home: string;
  readonly json?: true;
}

/** Where the license key may stand, so that it is in no list of processes and no history. */
const keyVariable = 'YMS_LICENSE_KEY';

const examples = `
Without a network:
  yms activate --request desk.request.json --license lic-…   here; carry the file to an admin
  yms admin activate desk.request.json --out desk.answer     there; carry the file back
  yms activate --answer desk.answer --root root.json         here`;

export function registerActivate(program: Command): void {
  const command = program
    .command('activate')
    .description('take a seat of a license on this host; again, to get a new token')
    .option('--server <url>', 'the distribution server')
    .option('--key <key>', `the license key (or ${keyVariable}, or --key-file)`)
    .option('--key-file <file>', 'a file with the license key');
  withFirstTrust(command)
    .option('--request <file>', 'without a network: write a request to carry to an admin')
    .option('--license <id>', 'the id of the license to ask for in a request; else the admin names it')
    .option('--answer <file>', 'without a network: complete the activation with the answer')
    .option('--name <name>', 'what people call this host', hostname())
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON')
    .addHelpText('after', examples)
    .action(activateAction);
}

async function activateAction(options: ActivateOptions): Promise<void> {
  const { request, answer, key, keyFile, license } = options;
  if (request !== undefined && answer !== undefined)
    throw new CliError('usage', 'activate: expected one of --request and --answer, got both');
  if ((request ?? answer) !== undefined && (key ?? keyFile) !== undefined)
    throw new CliError('usage', 'activate: expected no license key without a network: it is never carried');
  if (license !== undefined && request === undefined)
    throw new CliError('usage', 'activate: expected --license with --request only');
  if (request !== undefined) await writeRequest(request, options);
  else if (answer !== undefined) await acceptAnswer(answer, options);
  else await activateOnline(options);
}

async function activateOnline(options: ActivateOptions): Promise<void> {
  const home = openHome(options.home);
  const { server, name } = options;
  if (server === undefined) throw new CliError('usage', 'activate: expected --server URL, --request or --answer FILE');
  const activation = await activate(
    { home, clock: systemClock, client: productVersion },
    { server, name, licenseKey: await licenseKeyOf(options), firstTrust: await firstTrustOf(options) },
  );
  const { hostId, licenseId, activatedAt } = activation;
  if (options.json) {
    printJson({ hostId, licenseId, name, server: activation.server, activatedAt, home: home.path });
    return;
  }
  print(`activated ${printable(name)} as host ${hostId} of license ${licenseId}`);
  print(`  server ${activation.server ?? 'none'}`);
  print(`  state  ${home.path}`);
  hint('run yms update to fetch the packs');
}

async function writeRequest(file: string, { home: path, name, license, json }: ActivateOptions): Promise<void> {
  const endpoint = { home: openHome(path), clock: systemClock, client: productVersion };
  const { bytes, hostKeyid } = await requestActivation(endpoint, { name, license: license ?? null });
  await writeFileAtomic(file, bytes);
  if (json) {
    printJson({ request: file, name, license: license ?? null, hostKeyid, home: endpoint.home.path });
    return;
  }
  print(
    `wrote ${printable(file)}: ${printable(name)} asks for a seat of ${license ?? 'a license that the admin names'}`,
  );
  print(`  host key ${hostKeyid}`);
  hint(`carry it to an admin, who runs yms admin activate and sees the same host key`);
}

async function acceptAnswer(file: string, options: ActivateOptions): Promise<void> {
  const home = openHome(options.home);
  const { activation, license } = await acceptActivation({ home, clock: systemClock }, file, {
    firstTrust: await firstTrustOf(options),
    server: options.server ?? null,
  });
  const { hostId, licenseId, name, server, activatedAt } = activation;
  const { features, expiresAt } = license;
  if (options.json) {
    printJson({
      hostId,
      licenseId,
      name,
      server,
      activatedAt,
      features,
      documentExpiresAt: expiresAt,
      home: home.path,
    });
    return;
  }
  print(`activated ${printable(name)} as host ${hostId} of license ${licenseId}`);
  print(
    `  covers ${features.length === 0 ? 'nothing' : features.join(', ')}, to be heard of again before ${expiresAt}`,
  );
  print(`  state  ${home.path}`);
  hint('run yms bundle import FILE to install the packs');
}

async function licenseKeyOf({ key, keyFile }: ActivateOptions): Promise<string> {
  if (key !== undefined && keyFile !== undefined)
    throw new CliError('usage', 'license key: expected one of --key and --key-file, got both');
  const text = keyFile === undefined ? (key ?? process.env[keyVariable]) : await readKeyFile(keyFile);
  if (text === undefined || text.trim() === '')
    throw new CliError('usage', `license key: expected --key, --key-file or ${keyVariable}, got none`);
  return text.trim();
}

async function readKeyFile(path: string): Promise<string> {
  return decodeUtf8(await readFileAtMost(path, 4096), path);
}
