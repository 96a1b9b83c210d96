import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BaseError, systemCode } from './error.js';
import { unwritable } from './files.js';
import { isRunning, ownProcess, parseProcess, type ProcessIdentity } from './process-identity.js';

/** A holder touches its lock six times in this time; one that is not touched for so long is left behind. */
export const lockFreshMs = 60_000;

/** The locks that this process holds or asks for. */
const ownLocks = new Set<string>();

/**
 * Runs `work` while holding the lock file `path`, which names this process: by more than its number, which the next
 * process gets after a restart and which means another one in another container. Whether the holder is there still is
 * asked of the system where that can tell, and else of the file: a live holder touches it every ten seconds. So no lock
 * outlives its holder by more than a minute, and none is taken from one that lives.
 *
 * @throws BaseError `lock-held` when another live process holds it, or other work of this one; `disk-full`,
 * `file-unwritable`
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
  const content = await takeLock(path);
  const isMine = async (): Promise<boolean> => (await readFile(path, 'utf8').catch(() => '')) === content;
  const touch = async (): Promise<void> => {
    if (await isMine()) await utimes(path, new Date(), new Date());
  };
  const timer = setInterval(() => void touch().catch(() => undefined), lockFreshMs / 6).unref();
  try {
    await removeLeftovers(path);
    return await work();
  } finally {
    clearInterval(timer);
    if (await isMine()) await rm(path, { force: true });
  }
}

/** Makes the lock with its content in place, and answers that content. */
async function takeLock(path: string): Promise<string> {
  const self = ownProcess();
  const nonce = randomBytes(6).toString('hex');
  const content = `${self.text} ${nonce}\n`;
  const mine = `${path}.${self.pid}.${nonce}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(mine, content, { flag: 'wx' });
    await linkLock(path, mine);
    return content;
  } catch (cause) {
    throw cause instanceof BaseError ? cause : unwritable(path, cause);
  } finally {
    await rm(mine, { force: true }).catch(() => undefined);
  }
}

/** `link` is the one call that makes a file with its content in place, or fails because the name is taken. */
async function linkLock(path: string, mine: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await link(mine, path);
      return;
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw cause;
    }
    const content = await readFile(path, 'utf8').catch(() => null);
    const info = await stat(path).catch(() => null);
    if (content === null || info === null) continue;
    const holder = parseProcess(content);
    if (isHeld(holder, info.mtimeMs)) throw heldBy(path, holder);
    const stale = `${mine}.stale`;
    await rename(path, stale).catch(() => undefined);
    const moved = await readFile(stale, 'utf8').catch(() => content);
    if (moved !== content) await link(stale, path).catch(() => undefined); // another process took it over meanwhile
    await rm(stale, { force: true });
  }
  throw new BaseError('lock-held', `${path}: expected a free lock, got one that other processes keep taking`);
}

/** An empty lock is what a power cut leaves: nobody holds it. */
function isHeld(holder: ProcessIdentity | null, touchedMs: number): boolean {
  if (holder === null) return false;
  return isRunning(holder) ?? Math.abs(Date.now() - touchedMs) < lockFreshMs;
}

function heldBy(path: string, holder: ProcessIdentity | null): BaseError {
  return new BaseError(
    'lock-held',
    `${path}: expected a free lock, got one held by process ${holder?.pid ?? 'unknown'}`,
    { hint: 'wait for the other yms command to end; a lock that nobody holds is free after a minute at the latest' },
  );
}

/** What commands left that were killed while they asked for this lock, once they cannot be asking any more. */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(prefix) || !/^\d+\.[0-9a-f]{12}(?:\.stale)?$/.test(name.slice(prefix.length))) continue;
    const leftover = join(dirname(path), name);
    const info = await stat(leftover).catch(() => null);
    if (info !== null && Math.abs(Date.now() - info.mtimeMs) >= lockFreshMs)
      await rm(leftover, { force: true }).catch(() => undefined);
  }
}
