/** What moves a license from state to state; which act may be done in which is in `transitions.ts`. */
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import type { Actor } from '../actor/actor.js';
import { isCustomerFeature } from './customer-features.js';
import type { ServerDeps } from '../deps.js';
import type { Tagged } from '../input/entity-tag.js';
import { refusal, ServerError } from '../error.js';
import { newLicenseKeyWithDigest } from './license-key.js';
import { changeLicense, daysAfter, requireCustomer } from './licenses.js';
import { licenseState } from './license-state.js';
import { planOf, type SoldLicense } from './sold-license.js';
import { requireSoldPlan } from './plans.js';
import { displayName, id, seats, time } from '../input/fields.js';
import type { ShownLicense } from './shown-license.js';
import { type LicenseAct, requireTransition } from './transitions.js';

const days = z.int().min(1).max(36_500);

export const renewSchema = z.strictObject({ days: days.optional() });
export const extendSchema = z
  .strictObject({ days: days.optional(), expiresAt: time.optional() })
  .refine(({ days: count, expiresAt }) => (count === undefined) !== (expiresAt === undefined), {
    error: 'either days or expiresAt',
    path: ['expiresAt'],
  });
export const upgradeSchema = z.strictObject({ planId: id, seats: seats.optional(), expiresAt: time.optional() });
export const transferSchema = z.strictObject({ customerId: id, keepHosts: z.boolean().default(false) });
export const reasonSchema = z.strictObject({ reason: displayName.optional() });

interface ActOptions {
  readonly ifMatch?: string | undefined;
}

/** Another term: from the end while that lies ahead or in grace, from now when the license has expired. */
export async function renewLicense(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  { days: asked }: z.output<typeof renewSchema>,
  options: ActOptions = {},
): Promise<Tagged<ShownLicense>> {
  return act(deps, actor, licenseId, 'renew', options, (sold, now) => {
    if (sold.plan?.trial === 1)
      throw new ServerError('transition-refused', `license ${licenseId}: expected no trial to renew, got one`, {
        hint: 'extend it, or upgrade it to a plan that is bought',
      });
    const term = asked ?? sold.plan?.durationDays;
    if (term === undefined)
      throw refusal('request-body', { path: ['days'], expected: 'a number, as the license has no plan', got: 'none' });
    const isOver = licenseState(sold, now, planOf(sold)) === 'expired';
    return { ...sold, expiresAt: laterThan(now, daysAfter(isOver ? formatSeconds(now) : sold.expiresAt, term)) };
  });
}

/** A later end, by days or to a time. */
export async function extendLicense(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  input: z.output<typeof extendSchema>,
  options: ActOptions = {},
): Promise<Tagged<ShownLicense>> {
  return act(deps, actor, licenseId, 'extend', options, (sold, now) => {
    const expiresAt = input.expiresAt ?? daysAfter(sold.expiresAt, input.days ?? 0);
    if (expiresAt <= sold.expiresAt)
      throw refusal('request-body', {
        path: ['expiresAt'],
        expected: `a time after ${sold.expiresAt}`,
        got: expiresAt,
      });
    return { ...sold, expiresAt: laterThan(now, expiresAt) };
  });
}

/**
 * To another plan, larger or smaller. Seats and channel become the new plan's unless said; the end stays while the license
 * is bought and runs, and a trial, or what has ended, starts a term of the new plan now.
 */
export async function upgradeLicense(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  input: z.output<typeof upgradeSchema>,
  options: ActOptions = {},
): Promise<Tagged<ShownLicense>> {
  return act(deps, actor, licenseId, 'upgrade', options, async (sold, now, trx) => {
    const plan = await requireSoldPlan(trx, input.planId);
    if (plan.trial === 1)
      throw new ServerError('plan-unfit', `plan ${plan.id}: expected one that is bought, got a trial`);
    const runs = licenseState(sold, now, planOf(sold)) === 'active';
    const expiresAt = input.expiresAt ?? (runs ? sold.expiresAt : daysAfter(formatSeconds(now), plan.durationDays));
    return {
      ...sold,
      plan,
      planId: plan.id,
      seats: input.seats ?? plan.seats,
      channel: plan.channel,
      expiresAt: laterThan(now, expiresAt),
    };
  });
}

/**
 * To another customer: with a new key, as the old one is known to who had it; without hosts unless they move along;
 * without the old customer's own features.
 */
export async function transferLicense(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  { customerId, keepHosts }: z.output<typeof transferSchema>,
  options: ActOptions = {},
): Promise<Tagged<ShownLicense & { readonly licenseKey: string }>> {
  const { licenseKey, keyDigest } = newLicenseKeyWithDigest();
  const { shown, tag } = await act(deps, actor, licenseId, 'transfer', options, async (sold, _now, trx) => {
    await requireCustomer(trx, customerId);
    if (!keepHosts) await trx.deleteFrom('hosts').where('licenseId', '=', licenseId).execute();
    else await trx.updateTable('hosts').set({ groupId: null }).where('licenseId', '=', licenseId).execute();
    await trx.deleteFrom('tokens').where('licenseId', '=', licenseId).where('hostId', 'is', null).execute();
    const kept = (JSON.parse(sold.features) as string[]).filter((name) => !isCustomerFeature(name));
    return { ...sold, customerId, keyDigest, features: canonicalJson(kept) };
  });
  return { shown: { ...shown, licenseKey }, tag };
}

export const suspendLicense = statusAct('suspend', 'suspended');

export const resumeLicense = statusAct('resume', 'active');

/** For ever: a revoked license never comes back. */
export const revokeLicense = statusAct('revoke', 'revoked');

function statusAct(name: LicenseAct, status: SoldLicense['status']) {
  return (
    deps: ServerDeps,
    actor: Actor,
    licenseId: string,
    { reason }: z.output<typeof reasonSchema>,
    options: ActOptions = {},
  ): Promise<Tagged<ShownLicense>> =>
    act(deps, actor, licenseId, name, { ...options, note: reason }, (sold) => ({ ...sold, status }));
}

async function act(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  name: LicenseAct,
  { ifMatch, note }: ActOptions & { readonly note?: string | undefined },
  change: (
    sold: SoldLicense,
    now: Date,
    trx: Parameters<Parameters<typeof changeLicense>[4]>[1],
  ) => SoldLicense | Promise<SoldLicense>,
): Promise<Tagged<ShownLicense>> {
  const entry = { action: `license.${name}`, ifMatch, ...(note === undefined ? {} : { note }) };
  return changeLicense(deps, actor, licenseId, entry, (sold, trx) => {
    const now = deps.clock.now();
    requireTransition(name, licenseState(sold, now, planOf(sold)), `license ${licenseId}`);
    return change(sold, now, trx);
  });
}

function laterThan(now: Date, expiresAt: string): string {
  if (expiresAt <= formatSeconds(now))
    throw refusal('request-body', { path: ['expiresAt'], expected: 'an end after now', got: expiresAt });
  return expiresAt;
}
