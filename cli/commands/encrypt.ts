import { relative } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { releaseTime } from '../../builder/release/build.js';
import { loadPublicKey } from '../../builder/ceremony/public-key-file.js';
import { encryptSources } from '../../builder/release/encrypt.js';
import { loadKeyFile } from '../../keys/keyfile.js';
import { signerOf } from '../../keys/signing.js';
import { showingFaults } from '../faults.js';
import { collect, parseCount } from '../option.js';
import { print, printJson } from '../output.js';
import { askPassphrase } from '../passphrase.js';

interface EncryptOptions {
  readonly key: string;
  readonly host: string[];
  readonly name: string;
  readonly out?: string;
  readonly sequence?: number;
  readonly version?: string;
  readonly json?: true;
}

export function registerEncrypt(program: Command): void {
  program
    .enablePositionalOptions() // `yms --version` is the program's, `yms encrypt --version` is the pack's
    .command('encrypt')
    .description("seal a team's own rules to its hosts: a custom pack for custom-signatures/")
    .argument('<source...>', 'rule files and folders')
    .requiredOption('--key <file>', 'secret team key; its public half stands in custom-signers.json of the hosts')
    .requiredOption('--host <file>', 'public host key that may open it; repeatable', collect, [])
    .option('--name <name>', 'the name of the pack', 'custom')
    .option('--out <file>', 'where it is written (NAME.yms)')
    .option('--sequence <n>', 'a number that grows with each release (the time in seconds)', parseCount)
    .option('--version <text>', 'the version shown to people (YYYY.MM.DD.n)')
    .option('--json', 'report as JSON')
    .action((sources: string[], options: EncryptOptions) => showingFaults(() => encryptAction(sources, options)));
}

async function encryptAction(sources: readonly string[], options: EncryptOptions): Promise<void> {
  const out = options.out ?? `${options.name}.yms`;
  const hosts = await Promise.all(options.host.map((file) => loadPublicKey(file, 'x25519')));
  const report = await encryptSources({
    sources: sources.map((path) => relative('.', path)),
    name: options.name,
    hosts,
    signer: async () => signerOf(await loadKeyFile(options.key, () => askPassphrase(options.key))),
    out,
    createdAt: releaseTime(systemClock),
    sequence: options.sequence,
    version: options.version,
  });
  if (options.json) printJson(report);
  else {
    print(`${out}: custom/${report.pack} ${report.version}, sequence ${report.sequence}, ${report.rules} rules`);
    print(`  sealed to ${hosts.length} host(s), signed by ${report.signer}`);
    for (const { file, reason } of report.leftOut) print(`  left out ${file}: ${reason}`);
  }
}
