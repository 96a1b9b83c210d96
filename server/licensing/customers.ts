/** Customers: those who hold licenses. */
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { type Actor, mayKnow, requirePermission, ownedBy } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { entityTag, requireMatch, type Tagged } from '../input/entity-tag.js';
import { unknownId } from '../error.js';
import { newId } from '../records/ids.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { CustomerRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { displayName, searchText } from '../input/fields.js';

export const customerSchema = z.strictObject({ name: displayName });
export type CustomerInput = z.output<typeof customerSchema>;

export const customerList: ListSpec = {
  id: 'customers.id',
  sorts: { name: 'customers.name', createdAt: 'customers.createdAt' },
  filters: { q: searchText },
};

export async function createCustomer(
  { records, clock }: ServerDeps,
  actor: Actor,
  { name }: CustomerInput,
): Promise<Tagged<CustomerRow>> {
  requirePermission(actor, 'customers:write');
  const row: CustomerRow = { id: newId('cus', clock), name, createdAt: formatSeconds(clock.now()) };
  await transact(records, async (trx) => {
    await trx.insertInto('customers').values(row).execute();
    const details = { before: null, after: { name } };
    await appendAudit(trx, clock, { actor: actor.name, action: 'customer.create', subject: row.id, details });
  });
  return tagged(row);
}

export async function listCustomers(
  { records }: ServerDeps,
  actor: Actor,
  list: ListQuery,
): Promise<Listed<CustomerRow>> {
  requirePermission(actor, 'customers:read');
  const { q } = list.filters;
  let query = records.selectFrom('customers').selectAll().where(ownedBy(actor, 'customers.id'));
  if (q !== undefined) query = query.where(contains('customers.name', q));
  return listPage(query, list, customerList, {
    idOf: ({ id }) => id,
    valueOf: (row, column) =>
      column === 'customers.name' ? row.name : column === 'customers.createdAt' ? row.createdAt : row.id,
    show: (row) => row,
  });
}

/** @throws ServerError `not-found` */
export async function getCustomer(
  { records }: ServerDeps,
  actor: Actor,
  customerId: string,
): Promise<Tagged<CustomerRow>> {
  requirePermission(actor, 'customers:read');
  return tagged(await requireKnownCustomer(records, actor, customerId));
}

/** @throws ServerError `not-found`, `precondition-failed` */
export async function updateCustomer(
  { records, clock }: ServerDeps,
  actor: Actor,
  customerId: string,
  { name }: CustomerInput,
  ifMatch?: string,
): Promise<Tagged<CustomerRow>> {
  requirePermission(actor, 'customers:write');
  return transact(records, async (trx) => {
    await holdRow(trx, 'customers', customerId);
    const row = await requireKnownCustomer(trx, actor, customerId);
    requireMatch(ifMatch, tagged(row).tag, `customer ${customerId}`);
    await trx.updateTable('customers').set({ name }).where('id', '=', customerId).execute();
    const details = { before: { name: row.name }, after: { name } };
    await appendAudit(trx, clock, { actor: actor.name, action: 'customer.update', subject: customerId, details });
    return tagged({ ...row, name });
  });
}

/** @throws ServerError `not-found` */
export async function requireKnownCustomer(
  db: Records | RecordsTransaction,
  actor: Actor,
  customerId: string,
): Promise<CustomerRow> {
  const row = await db.selectFrom('customers').selectAll().where('id', '=', customerId).executeTakeFirst();
  if (!row || !mayKnow(actor, row.id)) throw unknownId('customer', customerId);
  return row;
}

function tagged(row: CustomerRow): Tagged<CustomerRow> {
  return { shown: row, tag: entityTag({ ...row }) };
}
