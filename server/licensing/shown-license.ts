import { formatSeconds } from '../../base/clock.js';
import { type Json } from '../../base/json.js';
import type { LicenseState } from '../../packs/license.js';
import { entityTag } from '../input/entity-tag.js';
import { licenseEnd, licenseState } from './license-state.js';
import { licenseFeatures, planOf, type SoldLicense } from './sold-license.js';

/** A license as admins see it: with its state now, without its key's digest. */
export interface ShownLicense {
  readonly id: string;
  readonly customerId: string;
  readonly planId: string | null;
  /** What it covers now: the plan's and the added ones without the removed ones. */
  readonly features: readonly string[];
  readonly addedFeatures: readonly string[];
  readonly removedFeatures: readonly string[];
  readonly seats: number;
  readonly seatsUsed: number;
  /** A seat not seen for so many days comes free; null when seats are locked to their nodes. */
  readonly floatingDays: number | null;
  readonly channel: string;
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly state: LicenseState;
  readonly notBefore: string;
  readonly expiresAt: string;
  /** When nothing is served any more. */
  readonly graceUntil: string;
  readonly createdAt: string;
}

export function shownLicense(sold: SoldLicense, seatsUsed: number, now: Date): ShownLicense {
  const { id, customerId, planId, seats, channel, status, notBefore, expiresAt, createdAt } = sold;
  const plan = planOf(sold);
  return {
    id,
    customerId,
    planId,
    features: licenseFeatures(sold),
    addedFeatures: JSON.parse(sold.features) as string[],
    removedFeatures: JSON.parse(sold.removedFeatures) as string[],
    seats,
    seatsUsed,
    floatingDays: sold.plan?.floatingDays ?? null,
    channel,
    status,
    state: licenseState(sold, now, plan),
    notBefore,
    expiresAt,
    graceUntil: formatSeconds(licenseEnd(sold, plan)),
    createdAt,
  };
}

/** What stands in the audit log before and after an act: what is stored, and no secret. */
export function storedLicense(sold: SoldLicense): { [member: string]: Json } {
  const { customerId, planId, seats, channel, status, notBefore, expiresAt } = sold;
  return {
    customerId,
    planId,
    addedFeatures: JSON.parse(sold.features) as Json,
    removedFeatures: JSON.parse(sold.removedFeatures) as Json,
    features: licenseFeatures(sold),
    seats,
    channel,
    status,
    notBefore,
    expiresAt,
  };
}

export function licenseTag(sold: SoldLicense): string {
  return entityTag({ id: sold.id, ...storedLicense(sold) });
}
