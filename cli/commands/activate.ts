import { hostname } from 'node:os';
import type { Command } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { systemClock } from '../../base/clock.js';
import { readFileAtMost } from '../../base/files.js';
import { productVersion } from '../../base/version.js';
import { activate, type FirstTrust } from '../../scanner/activate.js';
import { defaultHomePath, openHome } from '../../scanner/home.js';
import { CliError } from '../error.js';
import { hint, print, printable, printJson } from '../output.js';

interface ActivateOptions {
  readonly server: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly root?: string;
  readonly rootSha256?: string;
  readonly name: string;
  readonly home: string;
  readonly json?: true;
}

/** Where the license key may stand, so that it is in no list of processes and no history. */
const keyVariable = 'YMS_LICENSE_KEY';

const rootMaxBytes = 512_000;

export function registerActivate(program: Command): void {
  program
    .command('activate')
    .description('take a seat of a license on this host; again, to get a new token')
    .requiredOption('--server <url>', 'the distribution server')
    .option('--key <key>', `the license key (or ${keyVariable}, or --key-file)`)
    .option('--key-file <file>', 'a file with the license key')
    .option('--root <file>', "the publisher's root.json: needed the first time, or --root-sha256")
    .option('--root-sha256 <hex>', "the SHA-256 of the repository's 1.root.json")
    .option('--name <name>', 'what people call this host', hostname())
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON')
    .action(activateAction);
}

async function activateAction(options: ActivateOptions): Promise<void> {
  const home = openHome(options.home);
  const { server, name } = options;
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
  print(`  server ${activation.server}`);
  print(`  state  ${home.path}`);
  hint('run yms update to fetch the packs');
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

async function firstTrustOf({ root, rootSha256 }: ActivateOptions): Promise<FirstTrust | null> {
  if (root !== undefined && rootSha256 !== undefined)
    throw new CliError('usage', 'root: expected one of --root and --root-sha256, got both');
  if (root !== undefined) return { root: await readFileAtMost(root, rootMaxBytes) };
  if (rootSha256 === undefined) return null;
  if (!/^[0-9a-f]{64}$/i.test(rootSha256))
    throw new CliError('usage', `--root-sha256: expected 64 hex digits, got "${rootSha256}"`);
  return { rootSha256 };
}
