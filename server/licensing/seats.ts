/** Seats of a license: locked to their hosts, or floating, when a seat that is not seen for some days comes free. */
import { dayMs, formatSeconds, minuteMs, parseSeconds } from '../../base/clock.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import type { SoldLicense } from './sold-license.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { HostRow } from '../records/tables.js';

/** How often `lastSeenAt` of a busy host is written. */
const lastSeenGrainMs = minuteMs;

export async function usedSeats(db: Records | RecordsTransaction, licenseId: string): Promise<number> {
  const { used } = await db
    .selectFrom('hosts')
    .select((e) => e.fn.countAll<number | string>().as('used'))
    .where('licenseId', '=', licenseId)
    .where('seatFreedAt', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(used);
}

/**
 * Makes sure that there is a free seat, by freeing those floating ones that were not seen for as long as the plan says.
 * The caller holds the license's row.
 *
 * @throws ServerError `seats-exhausted`
 */
export async function requireFreeSeat(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  license: SoldLicense,
): Promise<void> {
  if ((await usedSeats(trx, license.id)) < license.seats) return;
  await freeIdleSeats(trx, { clock }, license);
  if ((await usedSeats(trx, license.id)) < license.seats) return;
  const days = license.plan?.floatingDays ?? null;
  throw new ServerError(
    'seats-exhausted',
    `license ${license.id}: expected a free seat of ${license.seats}, got none`,
    {
      hint:
        days === null
          ? 'remove a host that is no longer used, or ask for more seats'
          : `a seat comes free when its host was not seen for ${days} days; remove a host, or ask for more seats`,
    },
  );
}

async function freeIdleSeats(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  license: SoldLicense,
): Promise<void> {
  const days = license.plan?.floatingDays ?? null;
  if (days === null) return;
  const now = clock.now();
  const since = formatSeconds(new Date(now.getTime() - days * dayMs));
  const freed = await trx
    .updateTable('hosts')
    .set({ seatFreedAt: formatSeconds(now) })
    .where('licenseId', '=', license.id)
    .where('seatFreedAt', 'is', null)
    .where((e) =>
      e.or([
        e('lastSeenAt', '<', since),
        e.and([e('lastSeenAt', 'is', null), e('createdAt', '<', since)]), // activated, and never came
      ]),
    )
    .returning(['id', 'lastSeenAt'])
    .execute();
  for (const { id, lastSeenAt } of freed) {
    const details = { license: license.id, lastSeenAt, floatingDays: days };
    await appendAudit(trx, clock, { actor: 'server', action: 'seat.free', subject: id, details });
  }
}

/** A host whose floating seat came free takes one again when it comes back. @throws ServerError `seats-exhausted` */
export async function retakeSeat(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  license: SoldLicense,
  host: HostRow,
): Promise<void> {
  if (host.seatFreedAt === null) return;
  await requireFreeSeat(trx, { clock }, license);
  await trx.updateTable('hosts').set({ seatFreedAt: null }).where('id', '=', host.id).execute();
  const details = { license: license.id, freedAt: host.seatFreedAt };
  await appendAudit(trx, clock, { actor: `host:${host.id}`, action: 'seat.retake', subject: host.id, details });
}

/** @throws ServerError `seats-exhausted` for a host that has none now */
export async function requireSeat(records: Records, hostId: string): Promise<void> {
  const host = await records.selectFrom('hosts').select('seatFreedAt').where('id', '=', hostId).executeTakeFirst();
  if (host && host.seatFreedAt !== null)
    throw new ServerError('seats-exhausted', `host ${hostId}: expected a seat, got one that came free`, {
      hint: 'run yms update: it takes a seat again when there is one',
    });
}

/** Notes that a host was there. */
export async function recordSight(
  db: Records | RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  { id, lastSeenAt }: Pick<HostRow, 'id' | 'lastSeenAt'>,
): Promise<void> {
  const now = clock.now();
  const last = lastSeenAt === null ? null : parseSeconds(lastSeenAt);
  if (last !== null && Math.abs(now.getTime() - last.getTime()) < lastSeenGrainMs) return;
  await db
    .updateTable('hosts')
    .set({ lastSeenAt: formatSeconds(now) })
    .where('id', '=', id)
    .execute();
}
