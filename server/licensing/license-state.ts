/**
 * The state of a license, of which only `status` is stored (docs/licensing.md): once in JavaScript, for a license at hand,
 * and once in SQL, for lists. Line by line they say the same; test/server/licensing/license-state.test.ts holds that.
 */
import { type RawBuilder, sql } from 'kysely';
import { dayMs, formatSeconds, parseSeconds } from '../../base/clock.js';
import type { LicenseState } from '../../packs/license.js';
import type { LicenseRow } from '../records/tables.js';

export type LicenseTerms = Pick<LicenseRow, 'status' | 'notBefore' | 'expiresAt'>;

export interface LicensePlan {
  readonly trial: boolean;
  /** How long after its end a license still works, in milliseconds. */
  readonly graceMs: number;
}

/** A license sold without a plan: neither trial nor grace. */
export const noPlan: LicensePlan = { trial: false, graceMs: 0 };

export function licenseState(license: LicenseTerms, now: Date, plan = noPlan): LicenseState {
  if (license.status !== 'active') return license.status;
  const endMs = timeOf(license.expiresAt);
  if (now.getTime() >= endMs + plan.graceMs) return 'expired';
  if (now.getTime() >= endMs) return 'grace';
  return plan.trial ? 'trial' : 'active';
}

/**
 * Whether a row of `licenses`, with its `plans` joined from the left, is in `state`.
 *
 * @param graceDays of every plan there is: the two databases share no arithmetic of dates, so each has its own line
 */
export function isInState(state: LicenseState, now: Date, graceDays: readonly number[]): RawBuilder<boolean> {
  const ended = (days: number) => formatSeconds(new Date(now.getTime() - days * dayMs));
  const endedWithGrace =
    graceDays.length === 0
      ? sql`${ended(0)}`
      : sql`case plans."graceDays" ${sql.join(
          [...new Set(graceDays)].map((days) => sql`when ${days} then ${ended(days)}`),
          sql` `,
        )} else ${ended(0)} end`;
  return sql<boolean>`case
    when licenses.status <> 'active' then licenses.status
    when licenses."expiresAt" <= ${endedWithGrace} then 'expired'
    when licenses."expiresAt" <= ${ended(0)} then 'grace'
    when plans.trial = 1 then 'trial'
    else 'active' end = ${state}`;
}

/** When nothing is served under the license any more. */
export function licenseEnd(license: LicenseTerms, plan = noPlan): Date {
  return new Date(timeOf(license.expiresAt) + plan.graceMs);
}

export function timeOf(text: string): number {
  const parsed = parseSeconds(text);
  if (parsed === null) throw new RangeError(`license: expected a time, got "${text}"`);
  return parsed.getTime();
}
