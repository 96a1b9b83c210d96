/** Plans: what is sold. */
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJson, type Json } from '../../base/json.js';
import { type Actor, requirePermission } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import { isCustomerFeature } from './customer-features.js';
import type { ServerDeps } from '../deps.js';
import { entityTag, requireMatch, type Tagged } from '../input/entity-tag.js';
import { ServerError, unknownId, unknownReference } from '../error.js';
import { settleMoves } from './settle-moves.js';
import { newId } from '../records/ids.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { PlanRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { displayName, features, searchText, seats, slug } from '../input/fields.js';

const planFeatures = features.refine((names) => !names.some(isCustomerFeature), 'no feature of one customer');

export const newPlanSchema = z.strictObject({
  name: displayName,
  features: planFeatures,
  seats,
  durationDays: z.int().min(1).max(36_500),
  channel: slug.default('stable'),
  trial: z.boolean().default(false),
  graceDays: z.int().min(0).max(366).default(0),
  documentDays: z.int().min(1).max(366).default(14),
  floatingDays: z.int().min(1).max(366).nullable().default(null),
});
export type NewPlan = z.output<typeof newPlanSchema>;

export const planChangeSchema = z
  .strictObject({
    name: displayName.optional(),
    features: planFeatures.optional(),
    seats: seats.optional(),
    durationDays: z.int().min(1).max(36_500).optional(),
    channel: slug.optional(),
    graceDays: z.int().min(0).max(366).optional(),
    documentDays: z.int().min(1).max(366).optional(),
    floatingDays: z.int().min(1).max(366).nullable().optional(),
    archived: z.boolean().optional(),
  })
  .refine((members) => Object.keys(members).length > 0, 'at least one member to change');
export type PlanChange = z.output<typeof planChangeSchema>;

export interface ShownPlan {
  readonly id: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly seats: number;
  readonly durationDays: number;
  readonly channel: string;
  readonly trial: boolean;
  readonly graceDays: number;
  readonly documentDays: number;
  readonly floatingDays: number | null;
  readonly createdAt: string;
  readonly archivedAt: string | null;
}

export const planList: ListSpec = {
  id: 'plans.id',
  sorts: { name: 'plans.name', createdAt: 'plans.createdAt' },
  filters: { q: searchText, feature: slug, archived: z.enum(['true', 'false']) },
};

export async function createPlan(deps: ServerDeps, actor: Actor, input: NewPlan): Promise<Tagged<ShownPlan>> {
  requirePermission(actor, 'plans:write');
  const { records, clock } = deps;
  const row: PlanRow = {
    ...input,
    id: newId('pln', clock),
    features: canonicalJson(input.features),
    trial: input.trial ? 1 : 0,
    createdAt: formatSeconds(clock.now()),
    archivedAt: null,
  };
  await transact(records, async (trx) => {
    await trx.insertInto('plans').values(row).execute();
    await appendAudit(trx, clock, {
      actor: actor.name,
      action: 'plan.create',
      subject: row.id,
      details: { before: null, after: stored(row) },
    });
  });
  return tagged(row);
}

export async function listPlans(deps: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<ShownPlan>> {
  requirePermission(actor, 'plans:read');
  await settleMoves(deps);
  const { q, feature, archived } = list.filters;
  let query = deps.records.selectFrom('plans').selectAll();
  if (q !== undefined) query = query.where(contains('plans.name', q));
  if (feature !== undefined) query = query.where(contains('plans.features', JSON.stringify(feature)));
  if (archived !== undefined) query = query.where('archivedAt', archived === 'true' ? 'is not' : 'is', null);
  return listPage(query, list, planList, {
    idOf: ({ id }) => id,
    valueOf: (row, column) =>
      column === 'plans.name' ? row.name : column === 'plans.createdAt' ? row.createdAt : row.id,
    show: shownPlan,
  });
}

/** @throws ServerError `not-found` */
export async function getPlan(deps: ServerDeps, actor: Actor, id: string): Promise<Tagged<ShownPlan>> {
  requirePermission(actor, 'plans:read');
  await settleMoves(deps);
  return tagged(await requirePlan(deps.records, id));
}

/**
 * Features, grace and document days of a changed plan act on its licenses at once; seats, duration and channel on those
 * sold from now on.
 *
 * @throws ServerError `not-found`, `precondition-failed`
 */
export async function updatePlan(
  deps: ServerDeps,
  actor: Actor,
  id: string,
  { archived, features: changedFeatures, ...others }: PlanChange,
  ifMatch?: string,
): Promise<Tagged<ShownPlan>> {
  requirePermission(actor, 'plans:write');
  await settleMoves(deps);
  const { records, clock } = deps;
  return transact(records, async (trx) => {
    await holdRow(trx, 'plans', id);
    const row = await requirePlan(trx, id);
    requireMatch(ifMatch, tagged(row).tag, `plan ${id}`);
    const now = formatSeconds(clock.now());
    const next: PlanRow = {
      ...row,
      ...(Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) as Partial<PlanRow>),
      ...(changedFeatures === undefined ? {} : { features: canonicalJson(changedFeatures) }),
      ...(archived === undefined ? {} : { archivedAt: archived ? (row.archivedAt ?? now) : null }),
    };
    await savePlan(trx, next);
    await appendAudit(trx, clock, {
      actor: actor.name,
      action: 'plan.update',
      subject: id,
      details: { before: stored(row), after: stored(next) },
    });
    return tagged(next);
  });
}

export async function savePlan(trx: RecordsTransaction, { id, ...row }: PlanRow): Promise<void> {
  await trx.updateTable('plans').set(row).where('id', '=', id).execute();
}

/** @throws ServerError `not-found` */
export async function requirePlan(db: Records | RecordsTransaction, id: string): Promise<PlanRow> {
  const row = await db.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw unknownId('plan', id);
  return row;
}

/**
 * A plan that a body names, to be sold.
 *
 * @throws ServerError `reference-unknown`, `plan-archived`
 */
export async function requireSoldPlan(trx: RecordsTransaction, id: string): Promise<PlanRow> {
  const row = await trx.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw unknownReference('planId', id);
  if (row.archivedAt !== null)
    throw new ServerError('plan-archived', `plan ${id}: expected one that is sold, got one archived ${row.archivedAt}`);
  return row;
}

export function shownPlan(row: PlanRow): ShownPlan {
  return { ...row, features: JSON.parse(row.features) as string[], trial: row.trial === 1 };
}

function tagged(row: PlanRow): Tagged<ShownPlan> {
  return { shown: shownPlan(row), tag: entityTag(stored(row)) };
}

function stored(row: PlanRow): Json {
  return { ...shownPlan(row), features: JSON.parse(row.features) as Json };
}
