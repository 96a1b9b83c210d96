/** Moving a feature between plans: what was free becomes premium, at a date, with a look ahead at who loses it. */
import { refusal, ServerError, unknownId, unknownReference } from '../error.js';
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { type Actor, requirePermission } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import { isCustomerFeature } from './customer-features.js';
import type { ServerDeps } from '../deps.js';
import { newId } from '../records/ids.js';
import { licenseState } from './license-state.js';
import { licenseFeatures, loadSold, planOf, type SoldLicense } from './sold-license.js';
import { type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { FeatureMoveRow } from '../records/tables.js';
import { transact } from '../records/transaction.js';
import { id, slug, time } from '../input/fields.js';
import { planIds, settleMoves } from './settle-moves.js';

const planIdList = z
  .array(id)
  .max(100)
  .refine((ids) => new Set(ids).size === ids.length, 'each plan once')
  .transform((ids) => ids.toSorted());

export const newMoveSchema = z
  .strictObject({
    feature: slug.refine((name) => !isCustomerFeature(name), 'no feature of one customer'),
    fromPlans: planIdList,
    toPlans: planIdList,
    effectiveAt: time.optional(),
    keepExisting: z.boolean().default(false),
  })
  .refine(({ fromPlans, toPlans }) => fromPlans.length + toPlans.length > 0, {
    error: 'at least one plan to leave or to enter',
    path: ['fromPlans'],
  })
  .refine(({ fromPlans, toPlans }) => !fromPlans.some((plan) => toPlans.includes(plan)), {
    error: 'no plan that is left and entered',
    path: ['toPlans'],
  });
export type NewMove = z.output<typeof newMoveSchema>;

/** One license whose features the move changes. */
export interface MovedLicense {
  readonly licenseId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly planId: string | null;
  readonly state: string;
  readonly hosts: number;
}

export interface MovePreview {
  readonly feature: string;
  readonly effectiveAt: string;
  /** Those that have the feature now and will not have it after. Empty with `keepExisting`. */
  readonly loses: readonly MovedLicense[];
  readonly gains: readonly MovedLicense[];
  /** Those that keep it by an addition of their own, which they have or which the move gives them. */
  readonly keeps: readonly MovedLicense[];
}

export interface ShownMove {
  readonly id: string;
  readonly feature: string;
  readonly fromPlans: readonly string[];
  readonly toPlans: readonly string[];
  readonly effectiveAt: string;
  readonly keepExisting: boolean;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly appliedAt: string | null;
  readonly cancelledAt: string | null;
}

export const moveList: ListSpec = {
  id: 'featureMoves.id',
  sorts: { effectiveAt: 'featureMoves.effectiveAt' },
  filters: { feature: slug, pending: z.enum(['true', 'false']) },
};

/** Changes nothing. @throws ServerError `reference-unknown` */
export async function previewMove(deps: ServerDeps, actor: Actor, input: NewMove): Promise<MovePreview> {
  requirePermission(actor, 'plans:read');
  await settleMoves(deps);
  return preview(deps.records, deps, input);
}

/** @throws ServerError `reference-unknown`, `plan-unfit`, `request-body` */
export async function createMove(
  deps: ServerDeps,
  actor: Actor,
  input: NewMove,
): Promise<ShownMove & { readonly preview: MovePreview }> {
  requirePermission(actor, 'plans:write');
  await settleMoves(deps);
  const { records, clock } = deps;
  const now = formatSeconds(clock.now());
  if (input.effectiveAt !== undefined && input.effectiveAt < now)
    throw refusal('request-body', { path: ['effectiveAt'], expected: 'now or later', got: input.effectiveAt });
  const row: FeatureMoveRow = {
    id: newId('mov', clock),
    feature: input.feature,
    fromPlans: canonicalJson(input.fromPlans),
    toPlans: canonicalJson(input.toPlans),
    effectiveAt: input.effectiveAt ?? now,
    keepExisting: input.keepExisting ? 1 : 0,
    createdAt: now,
    createdBy: actor.name,
    appliedAt: null,
    cancelledAt: null,
  };
  const seen = await transact(records, async (trx) => {
    const ahead = await preview(trx, deps, input);
    await requireFeatureIn(trx, input);
    await trx.insertInto('featureMoves').values(row).execute();
    const ids = (licenses: readonly MovedLicense[]) => licenses.map(({ licenseId }) => licenseId);
    await appendAudit(trx, clock, {
      actor: actor.name,
      action: 'feature-move.create',
      subject: row.id,
      details: {
        feature: row.feature,
        fromPlans: input.fromPlans,
        toPlans: input.toPlans,
        effectiveAt: row.effectiveAt,
        keepExisting: input.keepExisting,
        loses: ids(ahead.loses),
        gains: ids(ahead.gains),
        keeps: ids(ahead.keeps),
      },
    });
    return ahead;
  });
  await settleMoves(deps); // one that takes effect now does
  return { ...shownMove(await requireMove(records, row.id)), preview: seen };
}

export async function listMoves(deps: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<ShownMove>> {
  requirePermission(actor, 'plans:read');
  await settleMoves(deps);
  const { feature, pending } = list.filters;
  let query = deps.records.selectFrom('featureMoves').selectAll();
  if (feature !== undefined) query = query.where('feature', '=', feature);
  if (pending === 'true') query = query.where('appliedAt', 'is', null).where('cancelledAt', 'is', null);
  if (pending === 'false')
    query = query.where((e) => e.or([e('appliedAt', 'is not', null), e('cancelledAt', 'is not', null)]));
  return listPage(query, list, moveList, {
    idOf: (row) => row.id,
    valueOf: (row, column) => (column === 'featureMoves.effectiveAt' ? row.effectiveAt : row.id),
    show: shownMove,
  });
}

/** @throws ServerError `not-found` */
export async function getMove(deps: ServerDeps, actor: Actor, moveId: string): Promise<ShownMove> {
  requirePermission(actor, 'plans:read');
  await settleMoves(deps);
  return shownMove(await requireMove(deps.records, moveId));
}

/** Before its time only. @throws ServerError `not-found`, `move-settled` */
export async function cancelMove(deps: ServerDeps, actor: Actor, moveId: string): Promise<void> {
  requirePermission(actor, 'plans:write');
  await settleMoves(deps);
  const { records, clock } = deps;
  await transact(records, async (trx) => {
    const move = await requireMove(trx, moveId);
    const cancelled = await trx
      .updateTable('featureMoves')
      .set({ cancelledAt: formatSeconds(clock.now()) })
      .where('id', '=', moveId)
      .where('appliedAt', 'is', null)
      .where('cancelledAt', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!cancelled)
      throw new ServerError('move-settled', `feature move ${moveId}: expected one ahead, got one settled`);
    const details = { feature: move.feature, effectiveAt: move.effectiveAt };
    await appendAudit(trx, clock, { actor: actor.name, action: 'feature-move.cancel', subject: moveId, details });
  });
}

async function requireMove(db: Records | RecordsTransaction, moveId: string): Promise<FeatureMoveRow> {
  const row = await db.selectFrom('featureMoves').selectAll().where('id', '=', moveId).executeTakeFirst();
  if (!row) throw unknownId('feature move', moveId);
  return row;
}

async function requireFeatureIn(trx: RecordsTransaction, { feature, fromPlans }: NewMove): Promise<void> {
  for (const planId of fromPlans) {
    const plan = await trx.selectFrom('plans').select('features').where('id', '=', planId).executeTakeFirstOrThrow();
    if (!planIds(plan.features).includes(feature))
      throw new ServerError('plan-unfit', `plan ${planId}: expected feature ${feature} in it, got a plan without it`);
  }
}

/** Licenses that are over for good are left out: they have nothing to lose. */
async function preview(
  db: Records | RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  { feature, fromPlans, toPlans, effectiveAt, keepExisting }: NewMove,
): Promise<MovePreview> {
  const named = [...fromPlans, ...toPlans];
  const plans = await db.selectFrom('plans').selectAll().where('id', 'in', named).execute();
  const missing = named.find((planId) => !plans.some((plan) => plan.id === planId));
  if (missing !== undefined) throw unknownReference(fromPlans.includes(missing) ? 'fromPlans' : 'toPlans', missing);
  const rows = await db.selectFrom('licenses').selectAll().where('planId', 'in', named).orderBy('id').execute();
  const outcome = { loses: [] as MovedLicense[], gains: [] as MovedLicense[], keeps: [] as MovedLicense[] };
  const now = clock.now();
  for (const sold of await loadSold(db, rows, plans)) {
    const state = licenseState(sold, now, planOf(sold));
    if (sold.plan === null || state === 'revoked') continue;
    const before = licenseFeatures(sold).includes(feature);
    const left = planIds(sold.plan.features).filter((name) => name !== feature);
    const enters = toPlans.includes(sold.plan.id);
    const features = canonicalJson(enters ? [...left, feature] : left);
    const after = licenseFeatures({ ...sold, plan: { ...sold.plan, features } }).includes(feature);
    const leaves = fromPlans.includes(sold.plan.id);
    const kind = !before && after ? 'gains' : before && (after || keepExisting) ? 'keeps' : before ? 'loses' : null;
    if (kind === null || (kind === 'keeps' && !leaves)) continue;
    outcome[kind].push(await movedLicense(db, sold, state));
  }
  return { feature, effectiveAt: effectiveAt ?? formatSeconds(now), ...outcome };
}

async function movedLicense(
  db: Records | RecordsTransaction,
  { id: licenseId, customerId, planId }: SoldLicense,
  state: string,
): Promise<MovedLicense> {
  const customer = await db.selectFrom('customers').select('name').where('id', '=', customerId).executeTakeFirst();
  const { hosts } = await db
    .selectFrom('hosts')
    .select((e) => e.fn.countAll<number | string>().as('hosts'))
    .where('licenseId', '=', licenseId)
    .executeTakeFirstOrThrow();
  return { licenseId, customerId, customerName: customer?.name ?? '', planId, state, hosts: Number(hosts) };
}

function shownMove(row: FeatureMoveRow): ShownMove {
  return {
    ...row,
    fromPlans: planIds(row.fromPlans),
    toPlans: planIds(row.toPlans),
    keepExisting: row.keepExisting === 1,
  };
}
