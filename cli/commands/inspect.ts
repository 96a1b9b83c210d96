import type { Command } from 'commander';
import { inspectPack } from '../../builder/release/pack-file.js';
import { print, printable, printJson, table } from '../output.js';

export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .description('what the header of a pack says; needs no key and proves nothing')
    .argument('<file>')
    .option('--json', 'report as JSON')
    .action(inspectAction);
}

async function inspectAction(file: string, options: { json?: true }): Promise<void> {
  const { header, keyids } = await inspectPack(file);
  if (options.json) {
    printJson({ file, verified: false, header, signatures: keyids });
    return;
  }
  const rows = [
    ['release', `${header.feature}/${header.pack}/${header.channel} ${header.version}, sequence ${header.sequence}`],
    ['kind', header.from === undefined ? header.kind : `${header.kind} from ${header.from.version}`],
    ['created', header.createdAt],
    ['minimum client', header.minimumClient],
    ['payload', `${header.payload.length} bytes, sha256 ${header.payload.sha256}`],
    ['content', `${header.contentLength} bytes (${header.compression})`],
    ['key commitment', header.keyCommitment],
    ...header.recipients.map(({ keyid }) => ['recipient', keyid]),
    ...keyids.map((keyid) => ['signature of', `${keyid} (not verified)`]),
  ];
  print(table(rows.map((row) => row.map(printable))));
}
