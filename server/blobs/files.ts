import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { hourMs } from '../../base/clock.js';
import { syncFolder, unwritable } from '../../base/files.js';
import { systemCode } from '../../base/error.js';
import { ServerError } from '../error.js';
import type { BlobStore } from './store.js';

/** An upload that was not written to for so long is of a process that died; a fresh one may be another process's. */
const unfinishedMs = hourMs;

/** Blobs as files `<folder>/<first two digits>/<sha256>`; unfinished ones stand in `<folder>/incoming`. */
export class FileBlobs implements BlobStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder where it is missing. */
  static async open(folder: string): Promise<FileBlobs> {
    await mkdir(join(folder, 'incoming'), { recursive: true });
    const blobs = new FileBlobs(folder);
    await blobs.dropUnfinished();
    return blobs;
  }

  async dropUnfinished(): Promise<void> {
    const incoming = join(this.#folder, 'incoming');
    for (const name of await readdir(incoming)) {
      const info = await stat(join(incoming, name)).catch(() => null);
      if (info && Date.now() - info.mtimeMs > unfinishedMs) await rm(join(incoming, name), { force: true });
    }
  }

  async stat(sha256: string): Promise<number | null> {
    try {
      return (await stat(this.#path(sha256))).size;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async put(sha256: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<boolean> {
    const path = this.#path(sha256);
    const temporary = join(this.#folder, 'incoming', `${sha256}.${randomBytes(6).toString('hex')}`);
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        const actual = await writeHashed(file, source, maxBytes);
        if (actual !== sha256) throw new ServerError('blob-hash', `blob: expected SHA-256 ${sha256}, got ${actual}`);
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(join(path, '..'), { recursive: true });
      if (!(await linkIfAbsent(temporary, path))) return false;
      await syncFolder(join(path, '..'));
      await syncFolder(this.#folder);
      return true;
    } catch (cause) {
      if (['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].includes(systemCode(cause) ?? ''))
        throw unwritable(path, cause);
      throw cause;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  read(sha256: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(sha256), range ?? {});
  }

  async load(sha256: string): Promise<Uint8Array> {
    return readFile(this.#path(sha256));
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.#path(sha256), { force: true });
  }

  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`blob: expected 64 hex digits, got "${sha256}"`);
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }
}

/** Unlike a rename, a link fails where the name is taken: of uploads at the same time one is the first. */
async function linkIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function writeHashed(file: FileHandle, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > maxBytes)
      throw new ServerError('request-too-large', `blob: expected at most ${maxBytes} bytes, got more`);
    hash.update(chunk);
    await writeAll(file, chunk);
  }
  return hash.digest('hex');
}

/** A write may take a part only; the rest of the chunk is tried again until an error says why. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
}
