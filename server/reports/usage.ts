import { type Actor, requirePermission, ownedBy } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { licenseState } from '../licensing/license-state.js';
import { loadSold, planOf } from '../licensing/sold-license.js';
import { type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import { id } from '../input/fields.js';
import { settleMoves } from '../licensing/settle-moves.js';

/** One customer: what it holds, and what it does with it. */
export interface UsageRow {
  readonly customerId: string;
  readonly customerName: string;
  readonly licenses: number;
  /** Licenses in state trial, active or grace. */
  readonly usableLicenses: number;
  readonly seats: number;
  readonly seatsUsed: number;
  readonly flaggedHosts: number;
  readonly lastSeenAt: string | null;
  readonly documents: number;
  readonly downloads: number;
}

export const usageColumns = [
  'customerId',
  'customerName',
  'licenses',
  'usableLicenses',
  'seats',
  'seatsUsed',
  'flaggedHosts',
  'lastSeenAt',
  'documents',
  'downloads',
] as const satisfies readonly (keyof UsageRow)[];

export const usageList: ListSpec = {
  id: 'customers.id',
  sorts: { name: 'customers.name' },
  filters: { customerId: id },
};

export async function usageReport(deps: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<UsageRow>> {
  requirePermission(actor, 'reports:read');
  await settleMoves(deps);
  const { records } = deps;
  const { customerId } = list.filters;
  let query = records.selectFrom('customers').selectAll().where(ownedBy(actor, 'customers.id'));
  if (customerId !== undefined) query = query.where('customers.id', '=', customerId);
  return listPage(query, list, usageList, {
    idOf: (row) => row.id,
    valueOf: (row, column) => (column === 'customers.name' ? row.name : row.id),
    show: (row) => usageOf(deps, row.id, row.name),
  });
}

async function usageOf({ records, clock }: ServerDeps, customerId: string, customerName: string): Promise<UsageRow> {
  const rows = await records.selectFrom('licenses').selectAll().where('customerId', '=', customerId).execute();
  const licenses = await loadSold(records, rows);
  const usable = licenses.filter((sold) =>
    ['trial', 'active', 'grace'].includes(licenseState(sold, clock.now(), planOf(sold))),
  );
  const hosts = await records
    .selectFrom('hosts')
    .innerJoin('licenses', 'licenses.id', 'hosts.licenseId')
    .select(['hosts.id', 'hosts.seatFreedAt', 'hosts.flag', 'hosts.lastSeenAt'])
    .where('licenses.customerId', '=', customerId)
    .execute();
  const { documents } = await records
    .selectFrom('deliveries')
    .select((e) => e.fn.countAll<number | string>().as('documents'))
    .where('customerId', '=', customerId)
    .executeTakeFirstOrThrow();
  const { downloads } = await records
    .selectFrom('downloads')
    .innerJoin('hosts', 'hosts.id', 'downloads.hostId')
    .innerJoin('licenses', 'licenses.id', 'hosts.licenseId')
    .select((e) => e.fn.sum<number | string | null>('downloads.times').as('downloads'))
    .where('licenses.customerId', '=', customerId)
    .executeTakeFirstOrThrow();
  const seen = hosts.map(({ lastSeenAt }) => lastSeenAt).filter((at) => at !== null);
  return {
    customerId,
    customerName,
    licenses: licenses.length,
    usableLicenses: usable.length,
    seats: usable.reduce((sum, { seats }) => sum + seats, 0),
    seatsUsed: hosts.filter(({ seatFreedAt }) => seatFreedAt === null).length,
    flaggedHosts: hosts.filter(({ flag }) => flag !== null).length,
    lastSeenAt: seen.toSorted().at(-1) ?? null,
    documents: Number(documents),
    downloads: Number(downloads ?? 0),
  };
}
