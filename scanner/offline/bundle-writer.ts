import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import { utf8 } from '../../base/bytes.js';
import { syncFolder, unwritable } from '../../base/files.js';
import { ScannerError } from '../error.js';
import { bundleMark, entryMaxBytes } from './bundle-entry.js';

export interface BundleEntry {
  /** As `bundle-entry.ts` makes them. */
  readonly name: string;
  readonly read: () => Promise<Uint8Array>;
}

/**
 * Writes a bundle whole or not at all: equal entries give equal bytes. Entries are read one at a time, in the order in
 * which they stand in the file, so that no more than one is in memory.
 *
 * @returns the length of the file in bytes
 * @throws ScannerError `bundle-entry`, `bundle-too-large`; BaseError `disk-full`, `file-unwritable`; what `read` throws
 */
export async function writeBundle(path: string, entries: readonly BundleEntry[]): Promise<number> {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of sorted) entryMaxBytes(name);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const length = await writeTar(temporary, sorted);
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return length;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw isOfTheDisk(cause) ? unwritable(path, cause) : cause;
  }
}

/** Failures of `read` are coded and go up as they are. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** The file is there before anything can fail, so that whoever removes it after a failure finds it. */
async function writeTar(path: string, entries: readonly BundleEntry[]): Promise<number> {
  const file = await open(path, 'wx', 0o644);
  const tar = pack();
  const [length] = await Promise.all([fill(tar, entries), pipeline(tar, file.createWriteStream({ flush: true }))]);
  return length;
}

async function fill(tar: Pack, entries: readonly BundleEntry[]): Promise<number> {
  try {
    let length = await addEntry(tar, bundleMark.name, utf8(bundleMark.content));
    for (const { name, read } of entries) length += await addEntry(tar, name, await read());
    tar.finalize();
    return length + 1024;
  } catch (error) {
    tar.destroy(error as Error);
    throw error;
  }
}

/** Answers how many bytes of the tar the entry takes. */
async function addEntry(tar: Pack, name: string, bytes: Uint8Array): Promise<number> {
  const maxBytes = entryMaxBytes(name);
  if (bytes.length > maxBytes)
    throw new ScannerError(
      'bundle-too-large',
      `bundle entry ${name}: expected at most ${maxBytes} bytes, got ${bytes.length}`,
    );
  const header = { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file', size: bytes.length } as const;
  await new Promise<void>((resolve, reject) => {
    const sink = tar.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
    sink.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  });
  return 512 + Math.ceil(bytes.length / 512) * 512;
}
