/** The folder of one server: its keys, its blobs, and its records unless they stand in PostgreSQL. */
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, formatSeconds } from '../../base/clock.js';
import { systemCode } from '../../base/error.js';
import { readFileIfPresent, syncFolder, unwritable, writeFileAtomic } from '../../base/files.js';
import { canonicalJson } from '../../base/json.js';
import { encodePublicKey } from '../../keys/key.js';
import { appendAudit } from '../audit/audit.js';
import { FileBlobs } from '../blobs/files.js';
import { defaultConfig, type ServerConfig } from '../config.js';
import type { ServerParts } from '../deps.js';
import { ServerError } from '../error.js';
import { loadKeys, makeKeys, openRecordsKey } from './key-folder.js';
import { copyRecords } from '../records/copy.js';
import { openRecords, type Records, type RecordsTransaction, wholeFile } from '../records/database.js';
import { holdLock } from '../records/lock.js';
import { openPostgres } from '../records/postgres.js';
import { transact } from '../records/transaction.js';
import { insertToken } from '../access/tokens.js';

const paths = {
  publicKeys: (dir: string) => join(dir, 'public-keys.json'),
  records: (dir: string) => join(dir, 'records.sqlite'),
  blobs: (dir: string) => join(dir, 'blobs'),
  lock: (dir: string) => join(dir, 'lock'),
};

export const lockPath = paths.lock;

export interface InitialisedServer {
  /** Shown once; the records keep its digest. */
  readonly adminToken: string;
  /**
   * The public halves that the ceremony takes: snapshot and timestamp into root, the others into `keys.json`. Each also
   * stands as a file of its own, `keys/<name>.pub`.
   */
  readonly publicKeysPath: string;
}

/**
 * Makes a server's folder whole or not at all: keys, empty records, one admin token.
 *
 * @param recordsUrl of an empty PostgreSQL database (or schema); without it the records are a file of the folder
 * @throws ServerError `folder-not-empty`, also for a database that is not; `records-unavailable`; BaseError `disk-full`,
 * `file-unwritable`
 */
export async function initServer(
  folder: string,
  clock: Clock,
  recordsUrl: string | null = null,
): Promise<InitialisedServer> {
  const dir = resolve(folder);
  await requireEmpty(dir);
  const temporary = `${dir}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const keys = await makeKeys(temporary, clock);
    await writeFileAtomic(paths.publicKeys(temporary), publicKeysOf(keys));
    await mkdir(paths.blobs(temporary));
    const records =
      recordsUrl === null
        ? await openRecords(paths.records(temporary))
        : await openPostgres(recordsUrl, () => undefined);
    const adminToken = await initRecords(records, clock, () => rename(temporary, dir)).finally(() => records.destroy());
    await syncFolder(dirname(dir));
    return { adminToken, publicKeysPath: paths.publicKeys(dir) };
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(cause) ?? '')) throw notEmpty(dir);
    if (systemCode(cause) !== undefined && cause instanceof Error && 'syscall' in cause) throw unwritable(dir, cause);
    throw cause;
  }
}

/**
 * Other keys for a server whose own were lost or stolen. The old ones stay beside them, in a folder that no server reads; the
 * key of the records stays in use, since no endpoint trusts it and what it sealed must still open. The caller holds the
 * folder's lock, and the root must name the new keys before anything is signed with them.
 *
 * @returns where the public halves stand, for the ceremony
 * @throws ServerError `folder-not-initialised`; `records-key` when the key of the records is gone
 */
export async function replaceKeys(folder: string, clock: Clock): Promise<string> {
  const dir = resolve(folder);
  await requireServerFolder(dir);
  const keys = join(dir, 'keys');
  const recordsKey = join(keys, 'records.key');
  if ((await readFileIfPresent(recordsKey, 65_536)) === null)
    throw new ServerError('records-key', `${recordsKey}: expected the key of the records, got none`, {
      hint: 'copy it there from a backup, or from the newest keys.replaced folder; the other keys are made new',
    });
  const temporary = `${keys}.${randomBytes(6).toString('hex')}.tmp`;
  const made = await makeKeys(temporary, clock);
  await copyFile(recordsKey, join(temporary, 'keys', 'records.key'));
  await rename(
    keys,
    `${keys}.replaced-${formatSeconds(clock.now()).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`,
  );
  await rename(join(temporary, 'keys'), keys);
  await rm(temporary, { recursive: true, force: true });
  await writeFileAtomic(paths.publicKeys(dir), publicKeysOf(made));
  await syncFolder(dir);
  return paths.publicKeys(dir);
}

function publicKeysOf(keys: Awaited<ReturnType<typeof makeKeys>>): string {
  return `${canonicalJson(Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, encodePublicKey(key)])))}\n`;
}

async function requireEmpty(dir: string): Promise<void> {
  try {
    if ((await readdir(dir)).length > 0) throw notEmpty(dir);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

function notEmpty(dir: string): ServerError {
  return new ServerError('folder-not-empty', `${dir}: expected no folder or an empty one, got files in it`, {
    hint: 'an existing server is never overwritten',
  });
}

async function requireNew(trx: RecordsTransaction): Promise<void> {
  await holdLock(trx, 'init');
  if (await trx.selectFrom('audit').select('sequence').limit(1).executeTakeFirst())
    throw new ServerError('folder-not-empty', 'records: expected an empty database, got the records of a server', {
      hint: 'an existing server is never overwritten',
    });
}

/**
 * Copies the records of a folder into an empty PostgreSQL database, which it belongs to from then on; the file stays
 * beside it as `records.sqlite.moved`. The caller holds the folder's lock.
 *
 * @returns how many rows
 * @throws ServerError `folder-not-initialised`, `folder-not-empty`, `records-unavailable`, `records-version`
 */
export async function moveRecords(folder: string, recordsUrl: string, { clock, log }: OpenOptions): Promise<number> {
  const dir = resolve(folder);
  const { records: from } = await openServer(dir, { clock, log });
  try {
    const to = await openPostgres(recordsUrl, () => undefined);
    const rows = await copyRecords(from, to, requireNew).finally(() => to.destroy());
    await wholeFile(from);
    await from.destroy();
    const path = paths.records(dir);
    await rename(path, `${path}.moved`);
    for (const part of ['-wal', '-shm']) await rm(`${path}${part}`, { force: true });
    return rows;
  } finally {
    await from.destroy();
  }
}

/** @param finish what must succeed before the records count as made */
async function initRecords(records: Records, clock: Clock, finish: () => Promise<void>): Promise<string> {
  return transact(records, async (trx) => {
    await requireNew(trx);
    const { row, token } = await insertToken(trx, clock, { name: 'first admin', scope: 'admin' });
    const details = { name: row.name, scope: row.scope };
    await appendAudit(trx, clock, { actor: 'server', action: 'token.create', subject: row.id, details });
    await finish();
    return token;
  });
}

/**
 * Looks before the lock is taken, so that a mistyped folder is not made by it.
 *
 * @throws ServerError `folder-not-initialised`
 */
export async function requireServerFolder(folder: string): Promise<void> {
  if ((await readFileIfPresent(paths.publicKeys(folder), 65_536)) === null)
    throw new ServerError('folder-not-initialised', `${folder}: expected the folder of a server, got none`, {
      hint: `make one with yms serve --init ${folder}`,
    });
}

export interface OpenOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the PostgreSQL database that the folder was made with; null for records in the folder. */
  readonly recordsUrl?: string | null;
  readonly config?: ServerConfig;
}

/**
 * Opens a folder that {@link initServer} made, or a copy of it on another machine with the same PostgreSQL and the same
 * `blobs`. With records in the folder the caller holds its lock. Whoever opens destroys `records` at the end.
 *
 * @throws ServerError `folder-not-initialised`, `records-version`, `records-unavailable`, `records-key`; KeyError for a
 * damaged key file
 */
export async function openServer(
  folder: string,
  { clock, log, recordsUrl = null, config = defaultConfig }: OpenOptions,
): Promise<ServerParts> {
  const dir = resolve(folder);
  await requireServerFolder(dir);
  const keys = await loadKeys(dir);
  const blobs = await FileBlobs.open(paths.blobs(dir));
  const records = await openInitialised(dir, recordsUrl, log);
  try {
    return {
      records,
      blobs,
      clock,
      keys: { ...keys, records: await openRecordsKey(dir, records, clock) },
      log,
      config,
    };
  } catch (error) {
    await records.destroy();
    throw error;
  }
}

/** Records that were never made would be new and empty, without a word of what the others hold. */
async function openInitialised(dir: string, recordsUrl: string | null, log: Logger): Promise<Records> {
  const path = paths.records(dir);
  const isFile = await stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
  if (isFile !== (recordsUrl === null))
    throw new ServerError(
      'folder-not-initialised',
      isFile
        ? `${path}: expected no records in the folder beside those in PostgreSQL, got some`
        : `${path}: expected the records in the folder, got none`,
      {
        hint: isFile
          ? 'leave --records and YMS_RECORDS away'
          : 'name the PostgreSQL database: --records or YMS_RECORDS',
      },
    );
  if (recordsUrl === null) return openRecords(path);
  const records = await openPostgres(recordsUrl, (err) => log.warn({ err }, 'connection to the records lost'));
  if (!(await records.selectFrom('audit').select('sequence').limit(1).executeTakeFirst())) {
    await records.destroy();
    throw new ServerError('folder-not-initialised', 'records: expected those of a server, got an empty database', {
      hint: `make them with yms serve --init DIR --records URL`,
    });
  }
  return records;
}
