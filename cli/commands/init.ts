import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { readFileAtMost } from '../../base/files.js';
import { fetchPinnedRoot } from '../../builder/published/pinned-root.js';
import { maxMetadataBytes } from '../../builder/ceremony/ceremony.js';
import { initWorkspace } from '../../builder/workspace.js';
import { CliError } from '../error.js';
import { collect } from '../option.js';
import { note, print, printJson } from '../output.js';
import { askNewPassphrase } from '../passphrase.js';

interface InitOptions {
  readonly root?: string;
  readonly rootSha256?: string;
  readonly server?: string;
  readonly feature: string[];
  readonly passphrase: boolean;
  readonly json?: true;
}

export function registerInit(program: Command): void {
  program
    .command('init')
    .description("make a publisher's workspace: yms.yaml, release keys in secrets/, the trusted root, out/")
    .argument('[dir]', 'an empty or new folder', '.')
    .option('--root <file>', 'the root to trust, carried here by people')
    .option('--root-sha256 <hex>', 'the SHA-256 of the root to trust; it is fetched from --server')
    .option('--server <url>', 'the distribution server')
    .option('--feature <name>', 'make a release key for this feature; repeatable (sigma)', collect, [])
    .option('--no-passphrase', 'leave the release keys unsealed')
    .option('--json', 'report as JSON')
    .action(initAction);
}

async function initAction(dir: string, options: InitOptions): Promise<void> {
  const rootBytes = await rootOf(options);
  const features = options.feature.length > 0 ? options.feature : ['sigma'];
  const passphrase = options.passphrase ? await askNewPassphrase('the release keys') : null;
  const server = options.server?.replace(/\/+$/, '') ?? null;
  const made = await initWorkspace({ folder: dir, rootBytes, features, server, passphrase, clock: systemClock });
  const keys = made.keys.map(({ name, key }) => ({ feature: name, keyid: key.keyid, file: `secrets/${name}.pub` }));
  if (options.json) {
    printJson({ folder: made.workspace.folder, keys });
    return;
  }
  print(`${made.workspace.folder}: a workspace with yms.yaml`);
  for (const { feature, keyid, file } of keys) print(`  ${feature}: release key ${keyid} (${file})`);
  note('next: yms targets delegate FEATURE --key FILE.pub, by the holders of the targets keys');
}

async function rootOf({ root, rootSha256, server }: InitOptions): Promise<Uint8Array> {
  if ((root === undefined) === (rootSha256 === undefined))
    throw new CliError('usage', 'init: expected either --root or --root-sha256, got both or none', {
      hint: 'trust is never taken from the server alone',
    });
  if (root !== undefined) return await readFileAtMost(root, maxMetadataBytes);
  if (server === undefined) throw new CliError('usage', 'init: expected --server with --root-sha256, got none');
  return await fetchPinnedRoot(server.replace(/\/+$/, ''), rootSha256 ?? '');
}
