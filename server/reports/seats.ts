import { type Actor, requirePermission, ownedBy } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { licenseState } from '../licensing/license-state.js';
import { licenseFeatures, loadSold, planOf } from '../licensing/sold-license.js';
import { type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { LicenseRow } from '../records/tables.js';
import { id } from '../input/fields.js';
import { settleMoves } from '../licensing/settle-moves.js';

/** One license with its seats. */
export interface SeatsRow {
  readonly licenseId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly plan: string | null;
  readonly state: string;
  readonly features: readonly string[];
  readonly seats: number;
  readonly seatsUsed: number;
  readonly floatingDays: number | null;
  readonly expiresAt: string;
}

export const seatsColumns = [
  'licenseId',
  'customerId',
  'customerName',
  'plan',
  'state',
  'features',
  'seats',
  'seatsUsed',
  'floatingDays',
  'expiresAt',
] as const satisfies readonly (keyof SeatsRow)[];

export const seatsList: ListSpec = {
  id: 'licenses.id',
  sorts: { expiresAt: 'licenses.expiresAt' },
  filters: { customerId: id },
};

export async function seatsReport(deps: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<SeatsRow>> {
  requirePermission(actor, 'reports:read');
  await settleMoves(deps);
  const { records, clock } = deps;
  const { customerId } = list.filters;
  let query = records
    .selectFrom('licenses')
    .innerJoin('customers', 'customers.id', 'licenses.customerId')
    .selectAll('licenses')
    .select('customers.name as customerName')
    .select((e) =>
      e
        .selectFrom('hosts')
        .select((count) => count.fn.countAll<number | string>().as('used'))
        .whereRef('hosts.licenseId', '=', 'licenses.id')
        .where('hosts.seatFreedAt', 'is', null)
        .as('seatsUsed'),
    )
    .where(ownedBy(actor, 'licenses.customerId'));
  if (customerId !== undefined) query = query.where('licenses.customerId', '=', customerId);
  const show = async ({
    customerName,
    seatsUsed,
    ...row
  }: LicenseRow & { customerName: string; seatsUsed: number | string | null }) => {
    const [sold = { ...row, plan: null }] = await loadSold(records, [row]);
    return {
      licenseId: row.id,
      customerId: row.customerId,
      customerName,
      plan: sold.plan?.name ?? null,
      state: licenseState(sold, clock.now(), planOf(sold)),
      features: licenseFeatures(sold),
      seats: row.seats,
      seatsUsed: Number(seatsUsed),
      floatingDays: sold.plan?.floatingDays ?? null,
      expiresAt: row.expiresAt,
    };
  };
  return listPage(query, list, seatsList, {
    idOf: (row) => row.id,
    valueOf: (row, column) => (column === 'licenses.expiresAt' ? row.expiresAt : row.id),
    show,
  });
}
