/** Features that belong to one customer: its own packs, which nobody else can be given. */
import { randomBytes } from 'node:crypto';
import { formatSeconds } from '../../base/clock.js';
import { type Actor, mayKnow, requirePermission } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { unknownId } from '../error.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { CustomerFeatureRow } from '../records/tables.js';
import { transact } from '../records/transaction.js';

/** The random name says nothing of whose it is: target paths are public. */
export function isCustomerFeature(feature: string): boolean {
  return /^c-[0-9a-f]{12}$/.test(feature);
}

/** @throws ServerError `not-found` */
export async function createCustomerFeature(
  deps: ServerDeps,
  actor: Actor,
  customerId: string,
  { name }: { readonly name: string },
): Promise<CustomerFeatureRow> {
  requirePermission(actor, 'customers:write');
  const { records, clock } = deps;
  return transact(records, async (trx) => {
    if (!(await trx.selectFrom('customers').select('id').where('id', '=', customerId).executeTakeFirst()))
      throw unknownId('customer', customerId);
    const feature = `c-${randomBytes(6).toString('hex')}`;
    const row: CustomerFeatureRow = { feature, customerId, name, createdAt: formatSeconds(clock.now()) };
    await trx.insertInto('customerFeatures').values(row).execute();
    const details = { before: null, after: { ...row } };
    await appendAudit(trx, clock, { actor: actor.name, action: 'feature.create', subject: feature, details });
    return row;
  });
}

/** At most a few for each customer, so they come whole. @throws ServerError `not-found` */
export async function listCustomerFeatures(
  deps: ServerDeps,
  actor: Actor,
  customerId: string,
): Promise<CustomerFeatureRow[]> {
  requirePermission(actor, 'customers:read');
  const known = await deps.records.selectFrom('customers').select('id').where('id', '=', customerId).executeTakeFirst();
  if (!known || !mayKnow(actor, customerId)) throw unknownId('customer', customerId);
  return deps.records
    .selectFrom('customerFeatures')
    .selectAll()
    .where('customerId', '=', customerId)
    .orderBy('createdAt')
    .orderBy('feature')
    .execute();
}

/** Those of `names` that are features of one customer, but not of this one. */
export async function foreignFeatures(
  db: Records | RecordsTransaction,
  customerId: string,
  names: readonly string[],
): Promise<string[]> {
  const ofOne = names.filter(isCustomerFeature);
  if (ofOne.length === 0) return [];
  const owned = await db
    .selectFrom('customerFeatures')
    .select('feature')
    .where('customerId', '=', customerId)
    .where('feature', 'in', ofOne)
    .execute();
  return ofOne.filter((name) => !owned.some(({ feature }) => feature === name));
}
