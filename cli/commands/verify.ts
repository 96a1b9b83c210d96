import type { Command } from 'commander';
import { verifyPackFile } from '../../builder/release/pack-file.js';
import { collect, parseCount } from '../option.js';
import { print, printJson } from '../output.js';

interface VerifyOptions {
  readonly key: string[];
  readonly threshold: number;
  readonly root?: string;
  readonly targets?: string;
  readonly json?: true;
}

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('check the signatures and the payload of a pack, without opening it')
    .argument('<file>')
    .option('--key <file>', 'public release key; repeatable', collect, [])
    .option('--threshold <n>', 'how many of these keys must have signed', parseCount, 1)
    .option('--root <file>', 'the trusted root, with --targets instead of keys')
    .option('--targets <file>', 'N.targets.json, which says whose keys sign the feature')
    .option('--json', 'report as JSON')
    .action(verifyAction);
}

async function verifyAction(file: string, { key, threshold, root, targets, json }: VerifyOptions): Promise<void> {
  const { header, keyids } = await verifyPackFile(file, { keys: key, threshold, root, targets });
  if (json) printJson({ file, verified: true, header, signatures: keyids });
  else
    print(
      `${file}: verified ${header.feature}/${header.pack}/${header.channel} ${header.version}, ` +
        `sequence ${header.sequence}, signed by ${keyids.join(', ')}`,
    );
}
