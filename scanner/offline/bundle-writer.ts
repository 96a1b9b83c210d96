import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { syncFolder, unwritable } from '../../base/files.js';
import type { BundleEntry } from '../../packs/bundle-entry.js';
import { bundleTar, type BundleTar } from '../../packs/bundle-tar.js';

/**
 * Writes a bundle whole or not at all.
 *
 * @returns the length of the file in bytes
 * @throws PackError `bundle-entry`, `bundle-too-large`; BaseError `disk-full`, `file-unwritable`; what `read` throws
 */
export async function writeBundle(path: string, entries: readonly BundleEntry[]): Promise<number> {
  const tar = bundleTar(entries);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const length = await writeTar(temporary, tar);
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
async function writeTar(path: string, tar: BundleTar): Promise<number> {
  const file = await open(path, 'wx', 0o644);
  const [length] = await Promise.all([tar.fill(), pipeline(tar.stream, file.createWriteStream({ flush: true }))]);
  return length;
}
