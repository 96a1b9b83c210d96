/** Receipts: which license documents a host was given, and which of them it has shown to hold. */
import { formatSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import type { License } from '../../packs/license.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import type { RecordsTransaction } from '../records/database.js';
import type { HostRow } from '../records/tables.js';

export async function recordDelivery(
  trx: RecordsTransaction,
  host: HostRow,
  document: License,
  sha256: string,
): Promise<void> {
  await trx
    .insertInto('deliveries')
    .values({
      hostId: host.id,
      serial: document.serial,
      licenseId: document.license,
      customerId: document.customer.id,
      hostName: host.name,
      sha256,
      issuedAt: document.issuedAt,
      expiresAt: document.expiresAt,
      state: document.state,
      features: canonicalJson(document.features),
      grants: canonicalJson(
        document.grants.map(
          ({ feature, pack, channel, version, kind }) => `${feature}/${pack}/${channel} ${version} ${kind}`,
        ),
      ),
    })
    .execute();
}

/**
 * A host that asks for its document says by ETag which one it holds. That consumes the serials before: a host which
 * later holds an older one is a copy of the first, or was set back. It is flagged once and still served, for a set-back
 * machine needs its rules most; an admin looks at it and takes the flag away.
 */
export async function confirmSerial(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  host: HostRow,
  heldTags: readonly string[],
): Promise<void> {
  const [sha256] = heldTags;
  if (sha256 === undefined) return;
  const held = await trx
    .selectFrom('deliveries')
    .select('serial')
    .where('hostId', '=', host.id)
    .where('sha256', '=', sha256)
    .executeTakeFirst();
  if (!held || held.serial === host.confirmedSerial) return;
  if (held.serial > host.confirmedSerial) {
    await trx.updateTable('hosts').set({ confirmedSerial: held.serial }).where('id', '=', host.id).execute();
    return;
  }
  if (host.flag !== null) return;
  await trx
    .updateTable('hosts')
    .set({ flag: 'serial-replayed', flaggedAt: formatSeconds(clock.now()) })
    .where('id', '=', host.id)
    .execute();
  await appendAudit(trx, clock, {
    actor: `host:${host.id}`,
    action: 'host.flag',
    subject: host.id,
    details: { flag: 'serial-replayed', license: host.licenseId, confirmed: host.confirmedSerial, shown: held.serial },
  });
}
