import { encodeBase64, encodeHex, utf8 } from '../base/bytes.js';
import { formatSeconds } from '../base/clock.js';
import type { PublicKey } from '../keys/key.js';
import { sealTo } from '../keys/sealing.js';
import { appendAudit } from './audit.js';
import type { ServerDeps } from './deps.js';
import { ServerError } from './error.js';
import { newId } from './ids.js';
import { licenseKeyDigest, parseLicenseKey } from './license-key.js';
import { requireUsable } from './licensing.js';
import type { RecordsTransaction } from './records/database.js';
import type { HostRow, LicenseRow } from './records/tables.js';
import { insertToken } from './tokens.js';

export interface ActivationRequest {
  readonly licenseKey: string;
  /** X25519, made on the host. */
  readonly hostKey: PublicKey;
  readonly name: string;
  readonly client: string;
}

export interface Activation {
  readonly hostId: string;
  readonly licenseId: string;
  /** Base64: the host token in a sealed box that only the host's key opens. */
  readonly sealedToken: string;
}

/** Unused tokens of one host that are kept beside the newest. */
const spareTokens = 7;

/**
 * Takes a seat for a host key, or finds the one it has, and makes a new host token. One transaction: two hosts that ask
 * for the last seat at the same time get one seat.
 *
 * @throws ServerError `license-key-unknown`, `seats-exhausted`, `request-body`, and the codes of `requireUsable`
 */
export async function activate(
  { records, clock }: Pick<ServerDeps, 'records' | 'clock'>,
  request: ActivationRequest,
): Promise<Activation> {
  const secret = parseLicenseKey(request.licenseKey);
  if (secret === null)
    throw new ServerError('license-key-unknown', 'license key: expected one with a right checksum, got another text', {
      hint: 'look for a typing error: a key is YMS- and six groups of five characters',
    });
  return records.transaction().execute(async (trx) => {
    const found = await trx
      .updateTable('licenses') // changes nothing; on PostgreSQL it holds the row until the seat is counted
      .set((e) => ({ seats: e.ref('seats') }))
      .where('keyDigest', '=', licenseKeyDigest(secret))
      .returningAll()
      .executeTakeFirst();
    if (!found) throw new ServerError('license-key-unknown', 'license key: expected a known one, got another');
    const license = requireUsable(found, clock.now());
    const host = (await renewHost(trx, license, request)) ?? (await takeSeat(trx, clock, license, request));
    const { token, row } = await insertToken(trx, clock, {
      name: host.name,
      scope: 'host',
      licenseId: license.id,
      hostId: host.id,
    });
    await dropSpareTokens(trx, host.id);
    await appendAudit(trx, clock, {
      actor: `host:${host.id}`,
      action: 'host.activate',
      subject: host.id,
      details: { license: license.id, keyid: host.keyid, token: row.id },
    });
    return { hostId: host.id, licenseId: license.id, sealedToken: encodeBase64(sealToken(request.hostKey, token)) };
  });
}

async function renewHost(
  trx: RecordsTransaction,
  license: LicenseRow,
  request: ActivationRequest,
): Promise<HostRow | null> {
  const { name, client, hostKey } = request;
  const host = await trx
    .updateTable('hosts')
    .set({ name, client })
    .where('licenseId', '=', license.id)
    .where('keyid', '=', hostKey.keyid)
    .returningAll()
    .executeTakeFirst();
  return host ?? null;
}

async function takeSeat(
  trx: RecordsTransaction,
  clock: ServerDeps['clock'],
  license: LicenseRow,
  { hostKey, name, client }: ActivationRequest,
): Promise<HostRow> {
  const used = await usedSeats(trx, license.id);
  if (used >= license.seats)
    throw new ServerError(
      'seats-exhausted',
      `license ${license.id}: expected a free seat of ${license.seats}, got none`,
      {
        hint: 'remove a host that is no longer used, or ask for more seats',
      },
    );
  const host: HostRow = {
    id: newId('hst', clock),
    licenseId: license.id,
    keyid: hostKey.keyid,
    publicKey: encodeHex(hostKey.bytes),
    name,
    client,
    createdAt: formatSeconds(clock.now()),
    status: null,
    statusAt: null,
  };
  await trx.insertInto('hosts').values(host).execute();
  return host;
}

export async function usedSeats(trx: RecordsTransaction, licenseId: string): Promise<number> {
  const { used } = await trx
    .selectFrom('hosts')
    .select((e) => e.fn.countAll<number | string>().as('used'))
    .where('licenseId', '=', licenseId)
    .executeTakeFirstOrThrow();
  return Number(used);
}

async function dropSpareTokens(trx: RecordsTransaction, hostId: string): Promise<void> {
  const unused = await trx
    .selectFrom('tokens')
    .select('id')
    .where('hostId', '=', hostId)
    .where('lastUsedAt', 'is', null)
    .orderBy('id', 'desc')
    .execute();
  const spare = unused.slice(spareTokens + 1).map(({ id }) => id);
  if (spare.length > 0) await trx.deleteFrom('tokens').where('id', 'in', spare).execute();
}

function sealToken(hostKey: PublicKey, token: string): Uint8Array {
  try {
    return sealTo(hostKey, utf8(token));
  } catch (cause) {
    throw new ServerError('request-body', 'body at /hostKey: expected a usable X25519 key, got another', { cause });
  }
}
