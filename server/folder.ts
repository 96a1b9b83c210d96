/** The folder of one server: its keys, its records, its blobs. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.js';
import { systemCode } from '../base/error.js';
import { readFileIfPresent, syncFolder, unwritable, writeFileAtomic } from '../base/files.js';
import { canonicalJson } from '../base/json.js';
import { encodePublicKey, type SecretKey } from '../keys/key.js';
import { encodePublicKeyFile, loadKeyFile, saveKeyFile } from '../keys/keyfile.js';
import { newSealingKey, openerOf } from '../keys/sealing.js';
import { newSigningKey, signerOf } from '../keys/signing.js';
import { appendAudit } from './audit.js';
import { FileBlobs } from './blobs/files.js';
import { defaultConfig } from './config.js';
import type { ServerKeys, ServerParts } from './deps.js';
import { ServerError } from './error.js';
import { openRecords } from './records/database.js';
import { transact } from './records/transaction.js';
import { insertToken } from './tokens.js';

const keyNames = ['snapshot', 'timestamp', 'license', 'distribution'] as const;
type KeyName = (typeof keyNames)[number];

const paths = {
  key: (dir: string, name: KeyName) => join(dir, 'keys', `${name}.key`),
  publicKey: (dir: string, name: KeyName) => join(dir, 'keys', `${name}.pub`),
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
 * Makes a server's folder whole or not at all: keys without passphrase (mode 0600, the server must start alone), empty
 * records, one admin token.
 *
 * @throws ServerError `folder-not-empty`; BaseError `disk-full`, `file-unwritable`
 */
export async function initServer(folder: string, clock: Clock): Promise<InitialisedServer> {
  const dir = resolve(folder);
  await requireEmpty(dir);
  const temporary = `${dir}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(join(temporary, 'keys'), { recursive: true, mode: 0o700 });
    const keys: Record<KeyName, SecretKey> = {
      snapshot: newSigningKey(),
      timestamp: newSigningKey(),
      license: newSigningKey(),
      distribution: newSealingKey(),
    };
    for (const name of keyNames) {
      const label = { name: `server ${name}`, createdAt: clock.now() };
      await saveKeyFile(paths.key(temporary, name), keys[name], { ...label, passphrase: null });
      await writeFileAtomic(paths.publicKey(temporary, name), encodePublicKeyFile(keys[name].publicKey, label));
    }
    const publicKeys = Object.fromEntries(keyNames.map((name) => [name, encodePublicKey(keys[name].publicKey)]));
    await writeFileAtomic(paths.publicKeys(temporary), `${canonicalJson(publicKeys)}\n`);
    const adminToken = await initRecords(paths.records(temporary), clock);
    await mkdir(paths.blobs(temporary));
    await rename(temporary, dir);
    await syncFolder(dirname(dir));
    return { adminToken, publicKeysPath: paths.publicKeys(dir) };
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(cause) ?? '')) throw notEmpty(dir);
    if (systemCode(cause) !== undefined && cause instanceof Error && 'syscall' in cause) throw unwritable(dir, cause);
    throw cause;
  }
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

async function initRecords(path: string, clock: Clock): Promise<string> {
  const records = await openRecords(path);
  try {
    return await transact(records, async (trx) => {
      const { row, token } = await insertToken(trx, clock, { name: 'first admin', scope: 'admin' });
      const details = { name: row.name, scope: row.scope };
      await appendAudit(trx, clock, { actor: 'server', action: 'token.create', subject: row.id, details });
      return token;
    });
  } finally {
    await records.destroy();
  }
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

/**
 * Opens a folder that {@link initServer} made. The caller holds its lock, and destroys `records` at the end.
 *
 * @throws ServerError `folder-not-initialised`, `records-version`; KeyError for a damaged key file
 */
export async function openServer(
  folder: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<ServerParts> {
  const dir = resolve(folder);
  await requireServerFolder(dir);
  const keys = await loadKeys(dir);
  const blobs = await FileBlobs.open(paths.blobs(dir));
  const records = await openRecords(paths.records(dir));
  return { records, blobs, clock, keys, log, config: defaultConfig };
}

async function loadKeys(dir: string): Promise<ServerKeys> {
  const load = (name: KeyName): Promise<SecretKey> =>
    loadKeyFile(paths.key(dir, name), () => {
      const subject = paths.key(dir, name);
      throw new ServerError('option-invalid', `${subject}: expected a key file without passphrase, got a sealed one`);
    });
  return {
    snapshot: signerOf(await load('snapshot')),
    timestamp: signerOf(await load('timestamp')),
    license: signerOf(await load('license')),
    distribution: [openerOf(await load('distribution'))],
  };
}
