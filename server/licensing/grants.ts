/** License documents: what a host may use now, with the content keys sealed to it. */
import { decodeHex, decodeUtf8, sha256Hex, utf8 } from '../../base/bytes.js';
import { dayMs, formatSeconds, parseSeconds } from '../../base/clock.js';
import { canonicalJsonBytes } from '../../base/json.js';
import { publicKey } from '../../keys/key.js';
import { signEnvelope } from '../../keys/signing.js';
import { parseHeader } from '../../packs/header.js';
import { encodeLicense, type Grant, type License, licensePayloadType, sealGrant } from '../../packs/license.js';
import { openContentKey } from '../../packs/pack.js';
import { openerFor } from '../repository/content-key.js';
import { confirmSerial, recordDelivery } from './deliveries.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { licenseEnd } from './license-state.js';
import { planOf, requireEntitled } from './sold-license.js';
import type { RecordsTransaction } from '../records/database.js';
import type { DocumentRow, HostRow, LicenseRow, PackRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { recordRefusedPacks, type RefusedPack } from './refused-packs.js';
import { recordSight, retakeSeat } from './seats.js';
import { settleMoves } from './settle-moves.js';

type GrantDeps = Pick<ServerDeps, 'records' | 'clock' | 'keys' | 'config' | 'log' | 'metrics'>;

/**
 * The host's license document: the one it has, while it says the same and half of its life has not passed, otherwise a
 * new one with the next serial.
 *
 * @param heldTags the ETags that the host says it holds
 * @param offlineDays of a document to be carried: always a new one, for so many days
 * @throws ServerError `token-invalid` when the host is gone, `seats-exhausted` when its floating seat came free and none
 * is left, and the codes of `requireUsable`
 */
export async function issueDocument(
  deps: GrantDeps,
  hostId: string,
  heldTags: readonly string[] = [],
  offlineDays: number | null = null,
): Promise<Uint8Array> {
  await settleMoves(deps);
  return transact(deps.records, async (trx) => {
    const host = await holdHost(trx, hostId);
    if (!host) throw new ServerError('token-invalid', 'authorization: expected the token of a host, got none');
    const row = await trx.selectFrom('licenses').selectAll().where('id', '=', host.licenseId).executeTakeFirstOrThrow();
    const license = await requireEntitled(trx, row, deps.clock.now());
    await retakeSeat(trx, deps, license, host);
    await recordSight(trx, deps, host);
    await confirmSerial(trx, deps, host, heldTags);
    const packs = await entitledPacks(trx, license);
    const content = await describe(trx, deps, host, license, packs);
    const held = await trx.selectFrom('documents').selectAll().where('hostId', '=', hostId).executeTakeFirst();
    const isHeld = (granted: readonly PackRow[]): boolean =>
      offlineDays === null &&
      held?.contentDigest === digestOf(content, granted) &&
      isInFirstHalf(held, deps.clock.now());
    if (held && isHeld(packs)) return utf8(held.body);
    const { grants, granted, refused } = sealGrants(deps, host, packs);
    if (held && refused.length > 0 && isHeld(granted)) return utf8(held.body); // as when it was refused before
    await recordRefusedPacks(trx, deps, granted, refused);

    const issuedAt = deps.clock.now();
    const onlineMs = license.plan === null ? deps.config.licenseDocumentMs : license.plan.documentDays * dayMs;
    const lifeMs = offlineDays === null ? onlineMs : offlineDays * dayMs;
    const expiresAt = new Date(Math.min(issuedAt.getTime() + lifeMs, licenseEnd(license, planOf(license)).getTime()));
    const document: License = {
      ...content.document,
      issuedAt: formatSeconds(issuedAt),
      expiresAt: formatSeconds(expiresAt),
      serial: await nextSerial(trx, license.id),
      grants: [...grants],
    };
    const bytes = signDocument(deps, document);
    const saved: DocumentRow = {
      hostId,
      body: decodeUtf8(bytes),
      contentDigest: digestOf(content, granted),
      issuedAt: document.issuedAt,
      expiresAt: document.expiresAt,
    };
    await trx
      .insertInto('documents')
      .values(saved)
      .onConflict((conflict) => conflict.column('hostId').doUpdateSet(saved))
      .execute();
    await recordDelivery(trx, host, document, sha256Hex(bytes));
    return bytes;
  });
}

/** The license's row first: seats and serials are counted under it. */
async function holdHost(trx: RecordsTransaction, hostId: string): Promise<HostRow | undefined> {
  const known = await trx.selectFrom('hosts').select('licenseId').where('id', '=', hostId).executeTakeFirst();
  if (!known) return undefined;
  await holdRow(trx, 'licenses', known.licenseId);
  return trx.selectFrom('hosts').selectAll().where('id', '=', hostId).forNoKeyUpdate().executeTakeFirst();
}

function signDocument({ keys }: GrantDeps, document: License): Uint8Array {
  try {
    return signEnvelope(licensePayloadType, encodeLicense(document), [keys.license]);
  } catch (cause) {
    throw new ServerError(
      'internal',
      `license ${document.license}: expected a document within limits, got ${document.grants.length} grants`,
      {
        cause,
      },
    );
  }
}

/** One count for a whole license: a host that was removed and activated again must not see a lower serial. */
async function nextSerial(trx: RecordsTransaction, licenseId: string): Promise<number> {
  const { lastSerial } = await trx
    .updateTable('licenses')
    .set((e) => ({ lastSerial: e('lastSerial', '+', 1) }))
    .where('id', '=', licenseId)
    .returning('lastSerial')
    .executeTakeFirstOrThrow();
  return lastSerial;
}

/** The packs that are served now, in the license's channel, of its features; a file listed twice counts once. */
async function entitledPacks(
  trx: RecordsTransaction,
  license: LicenseRow & { readonly entitled: readonly string[] },
): Promise<PackRow[]> {
  const features = license.entitled;
  if (features.length === 0) return [];
  const rows = await trx
    .selectFrom('packs')
    .innerJoin('targets', (join) =>
      join.onRef('targets.path', '=', 'packs.path').onRef('targets.sha256', '=', 'packs.sha256'),
    )
    .selectAll('packs')
    .where('targets.current', '=', 1)
    .where('packs.channel', '=', license.channel)
    .where('packs.feature', 'in', features)
    .orderBy('packs.path')
    .execute();
  return [...new Map(rows.map((row) => [`${row.feature} ${row.pack} ${row.keyCommitment}`, row])).values()];
}

type LicenseFacts = Omit<License, 'issuedAt' | 'expiresAt' | 'serial' | 'grants'>;

async function describe(
  trx: RecordsTransaction,
  { keys }: GrantDeps,
  host: HostRow,
  license: Awaited<ReturnType<typeof requireEntitled>>,
  packs: readonly PackRow[],
): Promise<{ document: LicenseFacts; signer: string }> {
  const customer = await trx
    .selectFrom('customers')
    .select(['id', 'name'])
    .where('id', '=', license.customerId)
    .executeTakeFirstOrThrow();
  const names = packs.map(({ feature, pack, channel }) => ({ feature, pack, channel }));
  return {
    signer: keys.license.key.keyid,
    document: {
      license: license.id,
      customer,
      host: { id: host.id, keyid: host.keyid },
      features: [...license.entitled],
      packs: [...new Map(names.map((name) => [`${name.feature} ${name.pack}`, name])).values()],
      state: license.state,
      notBefore: license.notBefore,
      licenseExpiresAt: license.expiresAt,
    },
  };
}

/** What a document says, apart from times, serial and the random parts of sealed boxes. */
function digestOf(content: Awaited<ReturnType<typeof describe>>, granted: readonly PackRow[]): string {
  return sha256Hex(canonicalJsonBytes(content), canonicalJsonBytes(granted.map(({ keyCommitment }) => keyCommitment)));
}

interface SealedGrants {
  readonly grants: readonly Grant[];
  readonly granted: readonly PackRow[];
  readonly refused: readonly RefusedPack[];
}

/**
 * Content keys are in memory here only. The commitment is checked again, whatever the records say: a pack whose key does
 * not open, or is another's, is left out, and the host is granted the others.
 */
function sealGrants({ keys }: GrantDeps, host: HostRow, packs: readonly PackRow[]): SealedGrants {
  const recipient = publicKey('x25519', decodeHex(host.publicKey, 32));
  const sealed = { grants: [] as Grant[], granted: [] as PackRow[], refused: [] as RefusedPack[] };
  for (const row of packs)
    try {
      const header = parseHeader(utf8(row.header), row.path);
      const contentKey = openContentKey(header, openerFor(header, keys.distribution, row.path));
      sealed.grants.push(sealGrant(header, contentKey, recipient));
      sealed.granted.push(row);
    } catch (error) {
      sealed.refused.push({ row, error });
    }
  return sealed;
}

function isInFirstHalf({ issuedAt, expiresAt }: DocumentRow, now: Date): boolean {
  const [from, to] = [parseSeconds(issuedAt)?.getTime(), parseSeconds(expiresAt)?.getTime()];
  return from !== undefined && to !== undefined && now.getTime() >= from && now.getTime() < (from + to) / 2;
}
