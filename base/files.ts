import { randomBytes } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BaseError, systemCode } from './error.js';

/**
 * Reads a whole file of at most `maxBytes`.
 *
 * @throws BaseError `file-missing`, `file-too-large`, `file-unreadable`
 */
export async function readFileAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    checkReadable(path, await stat(path), maxBytes);
    return checkLength(path, await readFile(path), maxBytes);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** As {@link readFileAtMost}, for thousands of small files on a thread that has nothing else to do: five times as fast. */
export function readFileAtMostSync(path: string, maxBytes: number): Uint8Array {
  try {
    checkReadable(path, statSync(path), maxBytes);
    return checkLength(path, readFileSync(path), maxBytes);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function checkReadable(path: string, info: Stats, maxBytes: number): void {
  if (!info.isFile()) throw new BaseError('file-unreadable', `${path}: expected a regular file, got something else`);
  if (info.size > maxBytes) throw tooLarge(path, info.size, maxBytes);
}

function checkLength(path: string, bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) throw tooLarge(path, bytes.length, maxBytes);
  return bytes;
}

function tooLarge(path: string, gotBytes: number, maxBytes: number): BaseError {
  return new BaseError('file-too-large', `${path}: expected at most ${maxBytes} bytes, got ${gotBytes}`);
}

function unreadable(path: string, cause: unknown): BaseError {
  if (cause instanceof BaseError) return cause;
  if (systemCode(cause) === 'ENOENT')
    return new BaseError('file-missing', `${path}: expected a file, got nothing there`, { cause });
  return new BaseError('file-unreadable', `${path}: expected a readable file, got ${(cause as Error).message}`, {
    cause,
  });
}

/** As {@link readFileAtMost}, with null where there is no such file. */
export async function readFileIfPresent(path: string, maxBytes: number): Promise<Uint8Array | null> {
  try {
    return await readFileAtMost(path, maxBytes);
  } catch (error) {
    if (error instanceof BaseError && error.code === 'file-missing') return null;
    throw error;
  }
}

/**
 * Replaces a file whole or not at all: a temporary file beside it, fsync, rename, fsync of the folder. The folder is
 * made when it is missing. A failure leaves the old file and no temporary one.
 *
 * @throws BaseError `disk-full`, `file-unwritable`
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(path, cause);
  }
}

/** Makes a rename inside the folder durable; file systems that cannot sync a folder are left alone. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (systemCode(error) !== 'EINVAL' && systemCode(error) !== 'EPERM') throw error;
  } finally {
    await handle.close();
  }
}

export function unwritable(path: string, cause: unknown): BaseError {
  if (systemCode(cause) === 'ENOSPC')
    return new BaseError('disk-full', `${path}: expected room on the disk, got a full one`, {
      cause,
      hint: 'free some space and run the command again; nothing was changed',
    });
  return new BaseError('file-unwritable', `${path}: expected a writable place, got ${(cause as Error).message}`, {
    cause,
  });
}

/** A holder touches its lock six times in this time. */
export const lockFreshMs = 60_000;

/** The locks that this process holds or asks for. */
const ownLocks = new Set<string>();

/**
 * Runs `work` while holding the lock file `path`, which names this process. A lock whose process is gone is taken over,
 * also one that names this process itself and that nobody keeps fresh: in a container the next process has the number of
 * the one that was killed.
 *
 * @throws BaseError `lock-held` when another live process holds it, or other work of this one
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const own = resolve(path);
  if (ownLocks.has(own))
    throw new BaseError('lock-held', `${path}: expected a free lock, got one held by this process`);
  ownLocks.add(own);
  try {
    return await withLockFile(path, work);
  } finally {
    ownLocks.delete(own);
  }
}

async function withLockFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  await writeFile(mine, `${process.pid}\n`, { flag: 'wx' }).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  try {
    await takeLock(path, mine);
  } finally {
    await rm(mine, { force: true });
  }
  const touch = (): void => void utimes(path, new Date(), new Date()).catch(() => undefined);
  const timer = setInterval(touch, lockFreshMs / 6).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await rm(path, { force: true });
  }
}

/** `link` is the one call that makes a file with its content in place, or fails because the name is taken. */
async function takeLock(path: string, mine: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await link(mine, path);
      return;
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw unwritable(path, cause);
    }
    const holder = await readFile(path, 'utf8').catch(() => null);
    const info = await stat(path).catch(() => null);
    if (holder === null || info === null) continue;
    if (isLive(holder, info.mtimeMs))
      throw new BaseError('lock-held', `${path}: expected a free lock, got one held by process ${holder.trim()}`, {
        hint: 'wait for the other yms command to end',
      });
    const stale = `${mine}.stale`;
    await rename(path, stale).catch(() => undefined);
    const moved = await readFile(stale, 'utf8').catch(() => holder);
    if (moved !== holder) await link(stale, path).catch(() => undefined); // another process took it over meanwhile
    await rm(stale, { force: true });
  }
  throw new BaseError('lock-held', `${path}: expected a free lock, got one that other processes keep taking`);
}

/** Whether whoever took a lock is still there. An empty lock is what a power cut leaves. */
function isLive(holder: string, touchedMs: number): boolean {
  const pid = /^[1-9]\d*$/.test(holder.trim()) ? Number(holder) : null;
  if (pid === null) return false;
  if (pid === process.pid) return Math.abs(Date.now() - touchedMs) < lockFreshMs;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
