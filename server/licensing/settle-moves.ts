import { formatSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { licenseFeatures, loadSold } from './sold-license.js';
import type { RecordsTransaction } from '../records/database.js';
import type { FeatureMoveRow, PlanRow } from '../records/tables.js';
import { transact } from '../records/transaction.js';

/**
 * Lets feature moves take effect whose time has come. Everything that looks at plans calls it first, so that a move acts
 * at its very time, whether or not a job was awake.
 */
export async function settleMoves({ records, clock }: Pick<ServerDeps, 'records' | 'clock'>): Promise<void> {
  const now = formatSeconds(clock.now());
  const due = await records
    .selectFrom('featureMoves')
    .select('id')
    .where('appliedAt', 'is', null)
    .where('cancelledAt', 'is', null)
    .where('effectiveAt', '<=', now)
    .orderBy('effectiveAt')
    .orderBy('id')
    .execute();
  for (const { id } of due)
    await transact(records, async (trx) => {
      const move = await trx
        .updateTable('featureMoves') // of two servers that come at once, one finds it settled
        .set({ appliedAt: now })
        .where('id', '=', id)
        .where('appliedAt', 'is', null)
        .where('cancelledAt', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (move) await applyMove(trx, { clock }, move);
    });
}

async function applyMove(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  move: FeatureMoveRow,
): Promise<void> {
  const [from, to] = [planIds(move.fromPlans), planIds(move.toPlans)];
  const plans = await trx
    .selectFrom('plans')
    .selectAll()
    .where('id', 'in', [...new Set([...from, ...to])])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const kept = move.keepExisting === 1 ? await keepFeature(trx, move, plans) : [];
  const changes = plans.map((plan) => {
    const before = JSON.parse(plan.features) as string[];
    const without = before.filter((name) => name !== move.feature);
    const after = to.includes(plan.id) ? [...without, move.feature].toSorted() : without;
    return { plan: plan.id, before, after };
  });
  for (const { plan, after } of changes)
    await trx
      .updateTable('plans')
      .set({ features: canonicalJson(after) })
      .where('id', '=', plan)
      .execute();
  await appendAudit(trx, clock, {
    actor: 'server',
    action: 'feature-move.apply',
    subject: move.id,
    details: {
      feature: move.feature,
      effectiveAt: move.effectiveAt,
      before: Object.fromEntries(changes.map(({ plan, before }) => [plan, before])),
      after: Object.fromEntries(changes.map(({ plan, after }) => [plan, after])),
      kept,
    },
  });
}

/** Licenses that have the feature through a plan that loses it get it as an addition of their own. */
async function keepFeature(
  trx: RecordsTransaction,
  { feature, fromPlans, toPlans }: FeatureMoveRow,
  plans: readonly PlanRow[],
): Promise<string[]> {
  const losing = planIds(fromPlans).filter((id) => !planIds(toPlans).includes(id));
  if (losing.length === 0) return [];
  const rows = await trx
    .selectFrom('licenses')
    .selectAll()
    .where('planId', 'in', losing)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const kept: string[] = [];
  for (const license of await loadSold(trx, rows, plans)) {
    if (!licenseFeatures(license).includes(feature)) continue;
    const added = [...new Set([...(JSON.parse(license.features) as string[]), feature])].toSorted();
    await trx
      .updateTable('licenses')
      .set({ features: canonicalJson(added) })
      .where('id', '=', license.id)
      .execute();
    kept.push(license.id);
  }
  return kept;
}

export function planIds(text: string): string[] {
  return JSON.parse(text) as string[];
}
