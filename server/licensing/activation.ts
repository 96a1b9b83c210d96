import { shownSecret } from '../../base/shown.js';
import { encodeBase64, encodeHex, utf8 } from '../../base/bytes.js';
import { type Clock, formatSeconds, hourMs } from '../../base/clock.js';
import type { PublicKey } from '../../keys/key.js';
import { sealTo } from '../../keys/sealing.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { refusal, ServerError, unknownId } from '../error.js';
import { newId } from '../records/ids.js';
import { licenseKeyDigest, parseLicenseKey } from './license-key.js';
import { loadSold, planOf, requireUsable, type SoldLicense } from './sold-license.js';
import { spendRates } from '../limits/rates.js';
import type { RecordsTransaction } from '../records/database.js';
import type { HostRow, LicenseRow } from '../records/tables.js';
import { transact } from '../records/transaction.js';
import { requireFreeSeat, retakeSeat } from './seats.js';
import { settleMoves } from './settle-moves.js';
import { insertToken, tokenDigest, tokenPattern } from '../access/tokens.js';

/** A host that asks for a seat. */
export interface NewHost {
  /** X25519, made on the host. */
  readonly hostKey: PublicKey;
  readonly name: string;
  readonly client: string;
}

export interface ActivationRequest extends NewHost {
  /** A license key, or the text of an activation token. */
  readonly licenseKey: string;
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
 * @throws ServerError `license-key-unknown`, `seats-exhausted`, `rate-limited`, `request-body`, and the codes of
 * `requireUsable`
 */
export async function activate(deps: ActivationDeps, request: ActivationRequest): Promise<Activation> {
  return activateUnder(deps, request, (trx) =>
    tokenPattern.test(request.licenseKey) ? licenseOfToken(trx, deps, request) : licenseOfKey(trx, request.licenseKey),
  );
}

/**
 * As {@link activate}, under a license that somebody else than the host names, by its id.
 *
 * @param actor who named it, for the audit log
 * @throws ServerError `not-found`, and as `activate`
 */
export async function activateFor(
  deps: ActivationDeps,
  request: NewHost,
  licenseId: string,
  actor: string,
): Promise<Activation> {
  return activateUnder(deps, request, (trx) => licenseOfId(trx, licenseId), actor);
}

async function activateUnder(
  deps: ActivationDeps,
  request: NewHost,
  findLicense: (trx: RecordsTransaction) => Promise<LicenseRow>,
  actor?: string,
): Promise<Activation> {
  const { records, clock } = deps;
  await settleMoves(deps);
  return transact(records, async (trx) => {
    const found = await findLicense(trx);
    const [sold] = await loadSold(trx, [found]);
    const license = requireUsable(sold ?? { ...found, plan: null }, clock.now(), planOf(sold ?? { plan: null }));
    const host = (await renewHost(trx, deps, license, request)) ?? (await takeSeat(trx, deps, license, request));
    const { token, row } = await insertToken(trx, clock, {
      name: host.name,
      scope: 'host',
      licenseId: license.id,
      hostId: host.id,
    });
    await dropSpareTokens(trx, host.id);
    await appendAudit(trx, clock, {
      actor: actor ?? `host:${host.id}`,
      action: 'host.activate',
      subject: host.id,
      details: { license: license.id, keyid: host.keyid, token: row.id },
    });
    return { hostId: host.id, licenseId: license.id, sealedToken: encodeBase64(sealToken(request.hostKey, token)) };
  });
}

type ActivationDeps = Pick<ServerDeps, 'records' | 'clock' | 'config'>;

/** Holds the row until the seat is counted. */
function holdLicense(trx: RecordsTransaction) {
  return trx.selectFrom('licenses').selectAll().forNoKeyUpdate();
}

async function licenseOfId(trx: RecordsTransaction, licenseId: string): Promise<LicenseRow> {
  const found = await holdLicense(trx).where('id', '=', licenseId).executeTakeFirst();
  if (!found) throw unknownId('license', licenseId);
  return found;
}

async function licenseOfKey(trx: RecordsTransaction, licenseKey: string): Promise<LicenseRow> {
  const secret = parseLicenseKey(licenseKey);
  if (secret === null)
    throw new ServerError(
      'license-key-unknown',
      `license key: expected one with a right checksum, got ${shownSecret(licenseKey)} without`,
      {
        hint: 'look for a typing error: a key is YMS- and six groups of five characters',
      },
    );
  const found = await holdLicense(trx).where('keyDigest', '=', licenseKeyDigest(secret)).executeTakeFirst();
  if (!found)
    throw new ServerError(
      'license-key-unknown',
      'license key: expected one that this server has sold, got one that it has not',
    );
  return found;
}

/** An activation token stands for the key of its license, until its end and for as many new hosts as it says. */
async function licenseOfToken(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  { licenseKey, hostKey }: ActivationRequest,
): Promise<LicenseRow> {
  const token = await trx
    .selectFrom('tokens')
    .selectAll()
    .where('digest', '=', tokenDigest(licenseKey))
    .where('scope', '=', 'activation')
    .executeTakeFirst();
  const now = formatSeconds(clock.now());
  const found = token?.licenseId
    ? await holdLicense(trx).where('id', '=', token.licenseId).executeTakeFirst()
    : undefined;
  if (!token || !found || (token.expiresAt !== null && token.expiresAt <= now))
    throw new ServerError(
      'license-key-unknown',
      'activation token: expected a known one that is valid now, got one that is unknown or expired',
    );
  const isKnown = await trx
    .selectFrom('hosts')
    .select('id')
    .where('licenseId', '=', found.id)
    .where('keyid', '=', hostKey.keyid)
    .executeTakeFirst();
  if (isKnown) return found;
  const spent = await trx
    .updateTable('tokens')
    .set((e) => ({ usesLeft: e('usesLeft', '-', 1), lastUsedAt: now }))
    .where('id', '=', token.id)
    .where((e) => e.or([e('usesLeft', 'is', null), e('usesLeft', '>', 0)]))
    .returning('id')
    .executeTakeFirst();
  if (!spent) throw new ServerError('license-key-unknown', 'activation token: expected uses left, got none');
  return found;
}

async function renewHost(
  trx: RecordsTransaction,
  deps: ActivationDeps,
  license: SoldLicense,
  request: NewHost,
): Promise<HostRow | null> {
  const { name, client, hostKey } = request;
  const host = await trx
    .updateTable('hosts')
    .set({ name, client })
    .where('licenseId', '=', license.id)
    .where('keyid', '=', hostKey.keyid)
    .returningAll()
    .executeTakeFirst();
  if (host) await retakeSeat(trx, deps, license, host);
  return host ?? null;
}

async function takeSeat(
  trx: RecordsTransaction,
  { clock, config }: ActivationDeps,
  license: SoldLicense,
  { hostKey, name, client }: NewHost,
): Promise<HostRow> {
  await requireFreeSeat(trx, { clock }, license);
  await spendActivation(trx, clock, license, config);
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
    groupId: null,
    lastSeenAt: null,
    seatFreedAt: null,
    confirmedSerial: 0,
    flag: null,
    flaggedAt: null,
  };
  await trx.insertInto('hosts').values(host).execute();
  return host;
}

/** Counts new hosts by the hour, those that were removed again too. @throws ServerError `rate-limited` */
async function spendActivation(
  trx: RecordsTransaction,
  clock: Clock,
  { id, seats }: SoldLicense,
  { activationsPerHour }: ActivationDeps['config'],
): Promise<void> {
  const burst = Math.max(activationsPerHour, seats);
  const waitMs = await spendRates(trx, clock, [{ key: `activation ${id}`, burst, everyMs: hourMs / burst }]);
  if (waitMs !== null)
    throw new ServerError('rate-limited', `license ${id}: expected at most ${burst} new hosts an hour, got more`, {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    });
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
    throw refusal(
      'request-body',
      { path: ['hostKey'], expected: 'a usable X25519 key', got: 'a point of small order' },
      { cause },
    );
  }
}
