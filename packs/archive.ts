import { once } from 'node:events';
import { extract, type Header, pack } from 'tar-stream';
import { concatBytes, equalBytes } from '../base/bytes.js';
import { PackError } from './error.js';
import type { ItemKind } from './item.js';

/** The file of each kind of items, in the order in which they stand behind the manifest. */
export const itemFiles = {
  sigma: 'sigma.jsonl',
  ioc: 'iocs.jsonl',
  pool: 'pools.jsonl',
  triage: 'triage.jsonl',
  attribution: 'attribution.jsonl',
} as const satisfies Record<ItemKind, `${string}.jsonl`>;

export type ArchiveName = 'manifest.json' | (typeof itemFiles)[ItemKind];

/** The files of an archive in the order in which they stand there (docs/spec/pack.md, "Archive"). */
export const archiveNames: readonly ArchiveName[] = ['manifest.json', ...Object.values(itemFiles)];

/** Each file's bytes by its name; a kind without items has no file. */
export type ArchiveFiles = ReadonlyMap<ArchiveName, Uint8Array>;

/** The tar of these files: the same bytes on every machine. */
export async function encodeArchive(files: ArchiveFiles): Promise<Uint8Array> {
  const tar = pack();
  const chunks: Uint8Array[] = [];
  tar.on('data', (chunk) => chunks.push(chunk as Uint8Array));
  const ended = once(tar, 'end');
  for (const name of archiveNames) {
    const bytes = files.get(name);
    if (bytes) tar.entry({ name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file' }, Buffer.from(bytes));
  }
  tar.finalize();
  await ended;
  return concatBytes(...chunks);
}

/**
 * The files of a tar that {@link encodeArchive} could have made; any other tar is refused, for the first reason found.
 *
 * @throws PackError `archive-format`, `archive-entry-type`, `archive-path`, `archive-name`, `archive-duplicate`,
 * `archive-order`, `archive-not-canonical`
 */
export async function parseArchive(tar: Uint8Array): Promise<ArchiveFiles> {
  const files = await readEntries(tar);
  if (!files.has('manifest.json'))
    throw new PackError('archive-order', 'archive: expected manifest.json first, got none');
  if (!equalBytes(await encodeArchive(files), tar))
    throw new PackError(
      'archive-not-canonical',
      'archive: expected the one spelling of its files, got bytes that differ from it',
    );
  return files;
}

async function readEntries(tar: Uint8Array): Promise<Map<ArchiveName, Uint8Array>> {
  const files = new Map<ArchiveName, Uint8Array>();
  const reader = extract();
  reader.end(Buffer.from(tar.buffer, tar.byteOffset, tar.length));
  try {
    for await (const entry of reader) {
      const name = checkEntry(entry.header, [...files.keys()]);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      files.set(name, concatBytes(...chunks));
    }
  } catch (cause) {
    if (cause instanceof PackError) throw cause;
    throw new PackError('archive-format', `archive: expected a tar, got ${(cause as Error).message}`, { cause });
  }
  return files;
}

/** tar-stream hands links, absolute names and `..` through untouched. */
function checkEntry({ name, type }: Header, before: readonly ArchiveName[]): ArchiveName {
  const quoted = JSON.stringify(name);
  if (type !== 'file')
    throw new PackError('archive-entry-type', `archive entry ${quoted}: expected a file, got ${type}`);
  if (/[/\\]|^\.\.?$|\0/.test(name))
    throw new PackError('archive-path', `archive entry ${quoted}: expected a plain file name, got a path`);
  const known = archiveNames.find((candidate) => candidate === name);
  if (known === undefined)
    throw new PackError('archive-name', `archive entry ${quoted}: expected one of ${archiveNames.join(', ')}`);
  if (before.includes(known))
    throw new PackError('archive-duplicate', `archive entry ${quoted}: expected it once, got it twice`);
  const rank = archiveNames.indexOf(known);
  if (before.some((earlier) => archiveNames.indexOf(earlier) > rank) || (before.length === 0 && rank > 0))
    throw new PackError('archive-order', `archive entry ${quoted}: expected it earlier, got it after others`);
  return known;
}
