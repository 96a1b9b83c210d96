/** The key files of one server, in the folder `keys` of its own. */
import { sql } from 'kysely';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { BaseError } from '../../base/error.js';
import { writeFileAtomic } from '../../base/files.js';
import type { PublicKey, SecretKey } from '../../keys/key.js';
import { encodePublicKeyFile, loadKeyFile, saveKeyFile } from '../../keys/keyfile.js';
import { newSealingKey, openerOf } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import type { ServerKeys } from '../deps.js';
import { ServerError } from '../error.js';
import { type Records, type RecordsTransaction, wholeFile } from '../records/database.js';
import { alone, isPostgres } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { RecordsKey, secondFactorPlace } from '../records/records-key.js';

/** The keys whose public halves the ceremony takes. */
const publicNames = ['snapshot', 'timestamp', 'license', 'distribution'] as const;
type PublicName = (typeof publicNames)[number];

function pathOf(dir: string, name: PublicName | 'records', end: 'key' | 'pub'): string {
  return join(dir, 'keys', `${name}.${end}`);
}

/** Makes all keys, without passphrase (mode 0600): the server must start alone. */
export async function makeKeys(dir: string, clock: Clock): Promise<Record<PublicName, PublicKey>> {
  await mkdir(join(dir, 'keys'), { recursive: true, mode: 0o700 });
  const keys: Record<PublicName, SecretKey> = {
    snapshot: newSigningKey(),
    timestamp: newSigningKey(),
    license: newSigningKey(),
    distribution: newSealingKey(),
  };
  for (const name of publicNames) {
    const label = { name: `server ${name}`, createdAt: clock.now() };
    await saveKeyFile(pathOf(dir, name, 'key'), keys[name], { ...label, passphrase: null });
    await writeFileAtomic(pathOf(dir, name, 'pub'), encodePublicKeyFile(keys[name].publicKey, label));
  }
  await makeRecordsKey(dir, clock);
  const { snapshot, timestamp, license, distribution } = keys;
  return {
    snapshot: snapshot.publicKey,
    timestamp: timestamp.publicKey,
    license: license.publicKey,
    distribution: distribution.publicKey,
  };
}

async function makeRecordsKey(dir: string, clock: Clock): Promise<SecretKey> {
  const secret = newSealingKey();
  const label = { name: 'server records', createdAt: clock.now(), passphrase: null };
  await saveKeyFile(pathOf(dir, 'records', 'key'), secret, label);
  return secret;
}

/** @throws KeyError, BaseError for a key file that is damaged, missing or readable by others */
export async function loadKeys(dir: string): Promise<Omit<ServerKeys, 'records'>> {
  return {
    snapshot: signerOf(await load(dir, 'snapshot')),
    timestamp: signerOf(await load(dir, 'timestamp')),
    license: signerOf(await load(dir, 'license')),
    distribution: [openerOf(await load(dir, 'distribution'))],
  };
}

function load(dir: string, name: PublicName | 'records'): Promise<SecretKey> {
  const path = pathOf(dir, name, 'key');
  return loadKeyFile(path, () => {
    throw new ServerError('option-invalid', `${path}: expected a key file without passphrase, got a sealed one`);
  });
}

const setting = 'records-key';

/**
 * The key that values of these records are sealed with. Records that were written before there was one get it: what
 * stands there in the clear is sealed.
 *
 * @throws ServerError `records-key` when the folder lacks the key of these records, or has another
 */
export async function openRecordsKey(dir: string, records: Records, clock: Clock): Promise<RecordsKey> {
  return alone(records, setting, async () => {
    const bound = await records.selectFrom('settings').select('value').where('name', '=', setting).executeTakeFirst();
    const held = await load(dir, 'records').catch((error: unknown) => {
      if (error instanceof BaseError && error.code === 'file-missing') return null;
      throw error;
    });
    if (bound && held?.publicKey.keyid !== bound.value)
      throw new ServerError(
        'records-key',
        `${pathOf(dir, 'records', 'key')}: expected key ${bound.value} of these records, got ${held?.publicKey.keyid ?? 'none'}`,
        { hint: 'copy the file from the folder of the first server on these records, or from a backup' },
      );
    const key = new RecordsKey(held ?? (await makeRecordsKey(dir, clock)));
    if (bound) return key;
    const sealed = await transact(records, async (trx) => {
      await trx.insertInto('settings').values({ name: setting, value: key.keyid }).execute();
      return sealSecondFactors(trx, key);
    });
    if (sealed > 0) await wipeDeleted(records);
    return key;
  });
}

async function sealSecondFactors(trx: RecordsTransaction, key: RecordsKey): Promise<number> {
  const people = await trx.selectFrom('people').select(['id', 'totpSecret']).execute();
  const clear = people.filter(({ totpSecret }) => !RecordsKey.isSealed(totpSecret));
  for (const { id, totpSecret } of clear)
    await trx
      .updateTable('people')
      .set({ totpSecret: key.seal(secondFactorPlace(id), totpSecret) })
      .where('id', '=', id)
      .execute();
  return clear.length;
}

/** What a row said before it was changed stays in the files of a database until they are written anew. */
async function wipeDeleted(records: Records): Promise<void> {
  if (isPostgres(records)) await sql`vacuum full people`.execute(records);
  else {
    await sql`vacuum`.execute(records);
    await wholeFile(records);
  }
}
