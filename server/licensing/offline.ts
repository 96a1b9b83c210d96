/** What is carried to hosts without a network: answers to their activation requests, documents for a fixed time, packs. */
import { z } from 'zod';
import { encodeBase64 } from '../../base/bytes.js';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJsonBytes } from '../../base/json.js';
import { parsePublicKey } from '../../keys/key.js';
import { signEnvelope } from '../../keys/signing.js';
import { activationPayloadType, encodeActivation, parseActivationRequest } from '../../packs/activation.js';
import { activateFor } from './activation.js';
import { type Actor, requirePermission } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { refusal, ServerError, unknownId } from '../error.js';
import { issueDocument } from './grants.js';
import { requireEntitled } from './sold-license.js';
import { requireLicense } from './licenses.js';
import type { HostRow, LicenseRow } from '../records/tables.js';
import { transact } from '../records/transaction.js';
import { id } from '../input/fields.js';

/** Days that a carried document is valid: from one stick to the one after the next, when they come monthly. */
export const defaultOfflineDays = 60;

const days = z.int().min(1).max(366).default(defaultOfflineDays);

export const offlineDocumentSchema = z.strictObject({ days });

export const offlineActivationSchema = z.strictObject({
  /** As the endpoint wrote it; `parseActivationRequest` says what is in it. */
  request: z.record(z.string(), z.unknown()),
  /** Needed when the request names no license; otherwise it must be that one. */
  licenseId: id.optional(),
  days,
});

export interface OfflineDocument {
  readonly hostId: string;
  readonly licenseId: string;
  /** Of the host's key. */
  readonly keyid: string;
  /** The envelope, in base64. */
  readonly document: string;
}

export type OfflineAnswer = Omit<OfflineDocument, 'document'> & {
  /** The signed activation, in base64. */
  readonly activation: string;
};

/**
 * Takes a seat for a host that asks by a file, and signs the answer. The same request again keeps the seat.
 *
 * @throws PackError `activation-malformed`; ServerError `request-body`, `not-found`, `seats-exhausted`, `license-…`
 */
export async function activateOffline(
  deps: ServerDeps,
  actor: Actor,
  input: z.output<typeof offlineActivationSchema>,
): Promise<OfflineAnswer> {
  requirePermission(actor, 'hosts:write');
  const request = parseActivationRequest(canonicalJsonBytes(input.request));
  const licenseId = agreedLicense(request.license, input.licenseId);
  await requireLicense(deps.records, actor, licenseId);
  const hostKey = parsePublicKey(request.hostKey, 'request at /hostKey', 'x25519');
  const { name, client, nonce } = request;
  const { hostId, sealedToken } = await activateFor(deps, { hostKey, name, client }, licenseId, actor.name);
  const document = encodeBase64(await issueDocument(deps, hostId, [], input.days));
  const payload = encodeActivation({
    document,
    host: { id: hostId, keyid: hostKey.keyid },
    issuedAt: formatSeconds(deps.clock.now()),
    license: licenseId,
    nonce,
    sealedToken,
  });
  const activation = encodeBase64(signEnvelope(activationPayloadType, payload, [deps.keys.license]));
  return { hostId, licenseId, keyid: hostKey.keyid, activation };
}

function agreedLicense(asked: string | null, named: string | undefined): string {
  const licenseId = named ?? asked;
  if (licenseId === null)
    throw refusal(
      'request-body',
      { path: ['licenseId'], expected: 'an id, as the request names no license', got: 'nothing' },
      { hint: 'name the license: yms admin activate FILE --license ID' },
    );
  if (asked !== null && asked !== licenseId)
    throw refusal('request-body', { path: ['licenseId'], expected: `${asked} as in the request`, got: licenseId });
  return licenseId;
}

/**
 * A new license document to be carried to a host, for a fixed time; the host must have a seat.
 *
 * @throws ServerError `not-found`, and what `issueDocument` throws
 */
export async function issueOfflineDocument(
  deps: ServerDeps,
  actor: Actor,
  hostId: string,
  input: z.output<typeof offlineDocumentSchema>,
): Promise<OfflineDocument> {
  requirePermission(actor, 'hosts:write');
  const { host, license } = await requireOwnHost(deps, actor, hostId);
  const document = await issueDocument(deps, hostId, [], input.days);
  await transact(deps.records, (trx) =>
    appendAudit(trx, deps.clock, {
      actor: actor.name,
      action: 'host.carry-document',
      subject: hostId,
      details: { license: license.id, days: input.days },
    }),
  );
  return { hostId, licenseId: license.id, keyid: host.keyid, document: encodeBase64(document) };
}

/** A blob whose bytes may be handed out. */
export interface CarriedPack {
  readonly sha256: string;
  readonly length: number;
}

/**
 * A pack to be carried to a host. The gate is the one of downloads: the host's license as it stands now.
 *
 * @throws ServerError `not-found`, `feature-not-licensed`, `rate-limited`, and the codes of `requireEntitled`
 */
export async function offlinePack(
  deps: ServerDeps,
  actor: Actor,
  hostId: string,
  sha256: string,
): Promise<CarriedPack> {
  requirePermission(actor, 'hosts:write');
  const { license } = await requireOwnHost(deps, actor, hostId);
  const { entitled, seats } = await requireEntitled(deps.records, license, deps.clock.now());
  const row = await deps.records
    .selectFrom('packs')
    .innerJoin('targets', (join) =>
      join.onRef('targets.path', '=', 'packs.path').onRef('targets.sha256', '=', 'packs.sha256'),
    )
    .select(['packs.feature', 'targets.length'])
    .where('packs.sha256', '=', sha256)
    .executeTakeFirst();
  if (!row) throw new ServerError('not-found', `pack: expected one that a role lists, got ${sha256}`);
  if (!entitled.includes(row.feature))
    throw new ServerError(
      'feature-not-licensed',
      `license ${license.id}: expected feature "${row.feature}", got a license without it`,
    );
  deps.targetLimit.spend(license.id, seats * deps.config.targetsPerSeatHour);
  return { sha256, length: row.length };
}

async function requireOwnHost(
  { records }: ServerDeps,
  actor: Actor,
  hostId: string,
): Promise<{ host: HostRow; license: LicenseRow }> {
  const host = await records.selectFrom('hosts').selectAll().where('id', '=', hostId).executeTakeFirst();
  const absent = () => unknownId('host', hostId);
  if (!host) throw absent();
  const license = await requireLicense(records, actor, host.licenseId).catch((cause: unknown) => {
    throw cause instanceof ServerError && cause.code === 'not-found' ? absent() : cause;
  });
  return { host, license };
}
