import { parseSeconds } from '../base/clock.js';
import type { LicenseState } from '../packs/license.js';
import { ServerError } from './error.js';
import type { LicenseRow } from './records/tables.js';

export type LicenseTerms = Pick<LicenseRow, 'status' | 'notBefore' | 'expiresAt'>;

export interface LicensePlan {
  readonly trial: boolean;
  /** How long after its end a licence still works, in milliseconds. */
  readonly graceMs: number;
}

/** A licence sold without a plan: neither trial nor grace. */
export const noPlan: LicensePlan = { trial: false, graceMs: 0 };

/** What is shown; only `status` is stored (DESIGN section 4). */
export function licenseState(license: LicenseTerms, now: Date, plan = noPlan): LicenseState {
  if (license.status !== 'active') return license.status;
  const endMs = time(license.expiresAt);
  if (now.getTime() >= endMs + plan.graceMs) return 'expired';
  if (now.getTime() >= endMs) return 'grace';
  return plan.trial ? 'trial' : 'active';
}

/**
 * The licence when it may be used now, its state with it.
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
      if (now.getTime() < time(license.notBefore))
        throw new ServerError(
          'license-not-started',
          `${subject}: expected a start before now, got ${license.notBefore}`,
        );
      return { ...license, state };
  }
}

/** When nothing is served under the licence any more. */
export function licenseEnd(license: LicenseTerms, plan = noPlan): Date {
  return new Date(time(license.expiresAt) + plan.graceMs);
}

export function licenseFeatures(license: Pick<LicenseRow, 'features'>): string[] {
  return JSON.parse(license.features) as string[];
}

function time(text: string): number {
  const parsed = parseSeconds(text);
  if (parsed === null) throw new RangeError(`license: expected a time, got "${text}"`);
  return parsed.getTime();
}
