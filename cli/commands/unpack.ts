import type { Command } from 'commander';
import { loadContentKey, openPackFile, verifyPackFile } from '../../builder/release/pack-file.js';
import { saveUnpacked } from '../../builder/release/unpack.js';
import { loadKeyFile } from '../../keys/keyfile.js';
import { openerOf } from '../../keys/sealing.js';
import type { Opener } from '../../keys/signer.js';
import { CliError } from '../error.js';
import { collect, parseCount } from '../option.js';
import { print, printJson } from '../output.js';
import { askPassphrase } from '../passphrase.js';

interface UnpackOptions {
  readonly key?: string;
  readonly contentKey?: string;
  readonly signedBy: string[];
  readonly threshold: number;
  readonly root?: string;
  readonly targets?: string;
  readonly dir: string;
  readonly json?: true;
}

export function registerUnpack(program: Command): void {
  program
    .command('unpack')
    .description('verify a pack, open it with a key that it is sealed to, and write its files')
    .argument('<file>')
    .requiredOption('--dir <dir>', 'a folder that does not exist yet')
    .option('--key <file>', 'secret distribution or host key')
    .option('--content-key <file>', 'the content key itself, 64 hex digits')
    .option('--signed-by <file>', 'public release key; repeatable', collect, [])
    .option('--threshold <n>', 'how many of these keys must have signed', parseCount, 1)
    .option('--root <file>', 'the trusted root, with --targets instead of keys')
    .option('--targets <file>', 'N.targets.json, which says whose keys sign the feature')
    .option('--json', 'report as JSON')
    .action(unpackAction);
}

async function unpackAction(file: string, options: UnpackOptions): Promise<void> {
  const { signedBy: keys, threshold, root, targets } = options;
  const verified = await verifyPackFile(file, { keys, threshold, root, targets });
  const opened = await openPackFile(verified, await keyOf(options));
  const names = await saveUnpacked(options.dir, opened);
  const { counts, contentDigest } = opened.manifest;
  if (options.json) printJson({ dir: options.dir, files: names, counts, contentDigest });
  else {
    const items = Object.entries(counts).filter(([, count]) => count > 0);
    print(`${options.dir}: ${names.join(', ')}`);
    print(`  ${items.map(([kind, count]) => `${count} ${kind}`).join(', ')}, content digest ${contentDigest}`);
  }
}

async function keyOf({ key, contentKey }: UnpackOptions): Promise<Opener | Uint8Array> {
  if (key !== undefined && contentKey === undefined) return openerOf(await loadKeyFile(key, () => askPassphrase(key)));
  if (key === undefined && contentKey !== undefined) return await loadContentKey(contentKey);
  throw new CliError('usage', 'unpack: expected either --key or --content-key, got both or none');
}
