import { dayMs } from '../../base/clock.js';
import { foreignFeatures } from './customer-features.js';
import { ServerError } from '../error.js';
import { licenseState, type LicensePlan, type LicenseTerms, noPlan, timeOf } from './license-state.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { LicenseRow, PlanRow } from '../records/tables.js';

/** A license with the plan that it is of, as both are now. */
export interface SoldLicense extends LicenseRow {
  readonly plan: PlanRow | null;
}

export function planOf({ plan }: Pick<SoldLicense, 'plan'>): LicensePlan {
  return plan === null ? noPlan : { trial: plan.trial === 1, graceMs: plan.graceDays * dayMs };
}

/**
 * The license when it may be used now, its state with it.
 *
 * @throws ServerError `license-revoked`, `license-suspended`, `license-expired`, `license-not-started`
 */
export function requireUsable<T extends LicenseTerms & { readonly id: string }>(
  license: T,
  now: Date,
  plan = noPlan,
): T & { readonly state: 'trial' | 'active' | 'grace' } {
  const state = licenseState(license, now, plan);
  const subject = `license ${license.id}`;
  switch (state) {
    case 'revoked':
      throw new ServerError('license-revoked', `${subject}: expected an active one, got one that was revoked`);
    case 'suspended':
      throw new ServerError('license-suspended', `${subject}: expected an active one, got one that is suspended`);
    case 'expired':
      throw new ServerError('license-expired', `${subject}: expected an end after now, got ${license.expiresAt}`);
    case 'trial':
    case 'active':
    case 'grace':
      if (now.getTime() < timeOf(license.notBefore))
        throw new ServerError(
          'license-not-started',
          `${subject}: expected a start before now, got ${license.notBefore}`,
        );
      return { ...license, state };
  }
}

/** The plan's features and the license's own additions, without its removals; sorted. */
export function licenseFeatures(license: Pick<SoldLicense, 'features' | 'removedFeatures' | 'plan'>): string[] {
  const removed = names(license.removedFeatures);
  const all = new Set([...names(license.plan?.features ?? '[]'), ...names(license.features)]);
  return [...all].filter((name) => !removed.includes(name)).toSorted();
}

/**
 * What the license may be served now. A feature of one customer is never served to another, whatever the license says.
 *
 * @throws ServerError as {@link requireUsable}
 */
export async function requireEntitled(
  trx: Records | RecordsTransaction,
  row: LicenseRow,
  now: Date,
): Promise<SoldLicense & { readonly state: 'trial' | 'active' | 'grace'; readonly entitled: readonly string[] }> {
  const [sold] = await loadSold(trx, [row]);
  if (!sold) throw new RangeError(`license ${row.id}: expected it to be loaded, got none`);
  const license = requireUsable(sold, now, planOf(sold));
  const named = licenseFeatures(license);
  const foreign = await foreignFeatures(trx, license.customerId, named);
  return { ...license, entitled: named.filter((name) => !foreign.includes(name)) };
}

/** Licenses with their plans; `known` plans are not read again. */
export async function loadSold(
  db: Records | RecordsTransaction,
  rows: readonly LicenseRow[],
  known: readonly PlanRow[] = [],
): Promise<SoldLicense[]> {
  const plans = new Map(known.map((plan) => [plan.id, plan]));
  const missing = [...new Set(rows.map(({ planId }) => planId))].filter((id) => id !== null && !plans.has(id));
  if (missing.length > 0)
    for (const plan of await db.selectFrom('plans').selectAll().where('id', 'in', missing).execute())
      plans.set(plan.id, plan);
  return rows.map((row) => ({ ...row, plan: row.planId === null ? null : (plans.get(row.planId) ?? null) }));
}

function names(text: string): string[] {
  return JSON.parse(text) as string[];
}
