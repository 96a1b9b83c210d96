/** Licenses: selling, finding and changing them. What moves their state is in `license-acts.ts`. */
import { z } from 'zod';
import { dayMs, formatSeconds, parseSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { licenseStates } from '../../packs/license.js';
import { type Actor, mayKnow, requirePermission, ownedBy } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import { foreignFeatures } from './customer-features.js';
import type { ServerDeps } from '../deps.js';
import { requireMatch, type Tagged } from '../input/entity-tag.js';
import { refusal, ServerError, unknownId, unknownReference } from '../error.js';
import { newId } from '../records/ids.js';
import { hasFeature } from './license-filter.js';
import type { LicenseState } from '../../packs/license.js';
import { newLicenseKeyWithDigest } from './license-key.js';
import { isInState, licenseState } from './license-state.js';
import { loadSold, planOf, type SoldLicense } from './sold-license.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import { requireSoldPlan } from './plans.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { LicenseRow, PlanRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { features, id, searchText, seats, slug, time } from '../input/fields.js';
import { usedSeats } from './seats.js';
import { settleMoves } from './settle-moves.js';
import { licenseTag, type ShownLicense, shownLicense, storedLicense } from './shown-license.js';
import { requireTransition } from './transitions.js';

export const newLicenseSchema = z
  .strictObject({
    customerId: id,
    planId: id.optional(),
    features: features.optional(),
    addedFeatures: features.optional(),
    removedFeatures: features.optional(),
    seats: seats.optional(),
    channel: slug.optional(),
    notBefore: time.optional(),
    expiresAt: time.optional(),
  })
  .refine(({ planId, features: all }) => (planId === undefined) === (all !== undefined), {
    error: 'features without a plan, and addedFeatures and removedFeatures with one',
    path: ['features'],
  })
  .refine(({ planId, seats: count }) => planId !== undefined || count !== undefined, {
    error: 'a number of seats, as there is no plan to say it',
    path: ['seats'],
  })
  .refine(({ planId, expiresAt }) => planId !== undefined || expiresAt !== undefined, {
    error: 'a time, as there is no plan to say it',
    path: ['expiresAt'],
  })
  .refine(({ planId, addedFeatures, removedFeatures }) => planId !== undefined || !(addedFeatures ?? removedFeatures), {
    error: 'them with a plan only, and here is none',
    path: ['addedFeatures'],
  });
export type NewLicense = z.output<typeof newLicenseSchema>;

export const licenseChangeSchema = z
  .strictObject({
    features: features.optional(),
    addedFeatures: features.optional(),
    removedFeatures: features.optional(),
    seats: seats.optional(),
    channel: slug.optional(),
    expiresAt: time.optional(),
    status: z.enum(['active', 'suspended', 'revoked']).optional(),
  })
  .refine((members) => Object.keys(members).length > 0, 'at least one member to change');
export type LicenseChange = z.output<typeof licenseChangeSchema>;

export const licenseList: ListSpec = {
  id: 'licenses.id',
  sorts: { createdAt: 'licenses.createdAt', expiresAt: 'licenses.expiresAt', seats: 'licenses.seats' },
  filters: {
    customerId: id,
    planId: id,
    state: z.enum(licenseStates),
    feature: slug,
    channel: slug,
    expiresBefore: time,
    q: searchText,
  },
};

/**
 * @returns also the license key, which is nowhere else
 * @throws ServerError `reference-unknown`, `plan-archived`, `feature-foreign`, `request-body`
 */
export async function sellLicense(
  deps: ServerDeps,
  actor: Actor,
  input: NewLicense,
): Promise<Tagged<ShownLicense & { readonly licenseKey: string }>> {
  requirePermission(actor, 'licenses:write');
  await settleMoves(deps);
  const { records, clock } = deps;
  const { licenseKey, keyDigest } = newLicenseKeyWithDigest();
  return transact(records, async (trx) => {
    const plan = input.planId === undefined ? null : await requireSoldPlan(trx, input.planId);
    const row = newRow(deps, input, plan, keyDigest);
    const sold: SoldLicense = { ...row, plan };
    requireSpan(sold);
    await requireCustomer(trx, input.customerId);
    await requireOwnFeatures(trx, sold);
    await trx.insertInto('licenses').values(row).execute();
    await appendAudit(trx, clock, {
      actor: actor.name,
      action: 'license.create',
      subject: row.id,
      details: { before: null, after: storedLicense(sold) },
    });
    return { shown: { ...shownLicense(sold, 0, clock.now()), licenseKey }, tag: licenseTag(sold) };
  });
}

function newRow(
  { clock }: Pick<ServerDeps, 'clock'>,
  input: NewLicense,
  plan: PlanRow | null,
  keyDigest: string,
): LicenseRow {
  const now = formatSeconds(clock.now());
  const notBefore = input.notBefore ?? now;
  return {
    id: newId('lic', clock),
    customerId: input.customerId,
    planId: plan?.id ?? null,
    keyDigest,
    features: canonicalJson(input.features ?? input.addedFeatures ?? []),
    removedFeatures: canonicalJson(input.removedFeatures ?? []),
    seats: input.seats ?? plan?.seats ?? 1,
    channel: input.channel ?? plan?.channel ?? 'stable',
    status: 'active',
    notBefore,
    expiresAt: input.expiresAt ?? daysAfter(notBefore, plan?.durationDays ?? 0),
    createdAt: now,
    lastSerial: 0,
  };
}

export async function listLicenses(deps: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<ShownLicense>> {
  requirePermission(actor, 'licenses:read');
  await settleMoves(deps);
  const { customerId, planId, state, feature, channel, expiresBefore, q } = list.filters;
  const now = deps.clock.now();
  const graces = await deps.records.selectFrom('plans').select('graceDays').distinct().execute();
  let query = withSeats(deps.records)
    .innerJoin('customers', 'customers.id', 'licenses.customerId')
    .leftJoin('plans', 'plans.id', 'licenses.planId')
    .where(ownedBy(actor, 'licenses.customerId'));
  if (customerId !== undefined) query = query.where('licenses.customerId', '=', customerId);
  if (planId !== undefined) query = query.where('licenses.planId', '=', planId);
  if (channel !== undefined) query = query.where('licenses.channel', '=', channel);
  if (expiresBefore !== undefined) query = query.where('licenses.expiresAt', '<', expiresBefore);
  if (q !== undefined) query = query.where(contains('customers.name', q));
  if (feature !== undefined) query = query.where(hasFeature(feature));
  if (state !== undefined)
    query = query.where(
      isInState(
        state as LicenseState,
        now,
        graces.map(({ graceDays }) => graceDays),
      ),
    );
  return listPage(query, list, licenseList, {
    idOf: (row) => row.id,
    valueOf: (row, column) =>
      column === 'licenses.createdAt'
        ? row.createdAt
        : column === 'licenses.expiresAt'
          ? row.expiresAt
          : column === 'licenses.seats'
            ? row.seats
            : row.id,
    show: async ({ seatsUsed, ...row }) => {
      const [sold] = await loadSold(deps.records, [row]);
      return shownLicense(sold ?? { ...row, plan: null }, Number(seatsUsed), now);
    },
  });
}

/** @throws ServerError `not-found` */
export async function getLicense(deps: ServerDeps, actor: Actor, licenseId: string): Promise<Tagged<ShownLicense>> {
  requirePermission(actor, 'licenses:read');
  await settleMoves(deps);
  const sold = await requireLicense(deps.records, actor, licenseId);
  const used = await usedSeats(deps.records, licenseId);
  return { shown: shownLicense(sold, used, deps.clock.now()), tag: licenseTag(sold) };
}

/**
 * @throws ServerError `not-found`, `precondition-failed`, `seats-in-use`, `feature-foreign`, `request-body`,
 * `transition-refused` for a revoked license
 */
export async function updateLicense(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  { features: all, addedFeatures, removedFeatures, ...others }: LicenseChange,
  ifMatch?: string,
): Promise<Tagged<ShownLicense>> {
  return changeLicense(deps, actor, licenseId, { action: 'license.update', ifMatch }, (sold) => {
    if (sold.status === 'revoked')
      throw new ServerError('transition-refused', `license ${licenseId}: expected one to change, got a revoked one`);
    if (all !== undefined && sold.plan !== null)
      throw refusal('request-body', {
        path: ['features'],
        expected: 'addedFeatures and removedFeatures for a license of a plan',
        got: 'features',
      });
    if (others.status !== undefined && others.status !== sold.status)
      requireTransition(
        actOfStatus[others.status],
        licenseState(sold, deps.clock.now(), planOf(sold)),
        `license ${licenseId}`,
      );
    const added = all ?? addedFeatures;
    return {
      ...sold,
      ...(Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) as Partial<LicenseRow>),
      ...(added === undefined ? {} : { features: canonicalJson(added) }),
      ...(removedFeatures === undefined ? {} : { removedFeatures: canonicalJson(removedFeatures) }),
    };
  });
}

/** A stored status is reached by its act alone. */
const actOfStatus = { active: 'resume', suspended: 'suspend', revoked: 'revoke' } as const;

/**
 * Reads a license, changes it, checks that the whole still fits, and saves it with its audit entry: both or neither.
 *
 * @throws ServerError `not-found`, `precondition-failed`, `seats-in-use`, `feature-foreign`, `request-body`, and what
 * `change` throws
 */
export async function changeLicense(
  deps: ServerDeps,
  actor: Actor,
  licenseId: string,
  { action, ifMatch, note }: { readonly action: string; readonly ifMatch?: string | undefined; readonly note?: string },
  change: (sold: SoldLicense, trx: RecordsTransaction) => SoldLicense | Promise<SoldLicense>,
): Promise<Tagged<ShownLicense>> {
  requirePermission(actor, 'licenses:write');
  await settleMoves(deps);
  const { records, clock } = deps;
  return transact(records, async (trx) => {
    await holdRow(trx, 'licenses', licenseId);
    const before = await requireLicense(trx, actor, licenseId);
    requireMatch(ifMatch, licenseTag(before), `license ${licenseId}`);
    const after = await change(before, trx);
    requireSpan(after);
    await requireOwnFeatures(trx, after);
    const used = await usedSeats(trx, licenseId);
    if (after.seats < used)
      throw new ServerError(
        'seats-in-use',
        `license ${licenseId}: expected at least ${used} seats, got ${after.seats}`,
        {
          hint: 'remove hosts first',
        },
      );
    const { customerId, planId, keyDigest, features: added, removedFeatures, seats: count, channel, status } = after;
    const terms = { customerId, planId, keyDigest, features: added, removedFeatures, seats: count, channel, status };
    await trx
      .updateTable('licenses')
      .set({ ...terms, expiresAt: after.expiresAt })
      .where('id', '=', licenseId)
      .execute();
    await appendAudit(trx, clock, {
      actor: actor.name,
      action,
      subject: licenseId,
      details: {
        before: storedLicense(before),
        after: storedLicense(after),
        ...(note === undefined ? {} : { note }),
      },
    });
    return { shown: shownLicense(after, used, clock.now()), tag: licenseTag(after) };
  });
}

/** @throws ServerError `request-body` */
function requireSpan({ notBefore, expiresAt }: SoldLicense): void {
  if (expiresAt <= notBefore)
    throw refusal('request-body', { path: ['expiresAt'], expected: `a time after ${notBefore}`, got: expiresAt });
}

/** @throws ServerError `feature-foreign` */
async function requireOwnFeatures(
  trx: RecordsTransaction,
  { customerId, features: added }: SoldLicense,
): Promise<void> {
  const foreign = await foreignFeatures(trx, customerId, JSON.parse(added) as string[]);
  if (foreign.length > 0)
    throw new ServerError(
      'feature-foreign',
      `license of ${customerId}: expected features of this customer or of all, got ${foreign.join(', ')}`,
    );
}

/** @throws ServerError `not-found` also when the actor may not know of it */
export async function requireLicense(
  db: Records | RecordsTransaction,
  actor: Actor,
  licenseId: string,
): Promise<SoldLicense> {
  const row = await db.selectFrom('licenses').selectAll().where('id', '=', licenseId).executeTakeFirst();
  const [sold] = row && mayKnow(actor, row.customerId) ? await loadSold(db, [row]) : [];
  if (!sold) throw unknownId('license', licenseId);
  return sold;
}

/** @throws ServerError `reference-unknown` */
export async function requireCustomer(trx: RecordsTransaction, customerId: string): Promise<void> {
  if (!(await trx.selectFrom('customers').select('id').where('id', '=', customerId).executeTakeFirst()))
    throw unknownReference('customerId', customerId);
}

export function daysAfter(start: string, days: number): string {
  return formatSeconds(new Date((parseSeconds(start)?.getTime() ?? 0) + days * dayMs));
}

function withSeats(db: Records | RecordsTransaction) {
  return db
    .selectFrom('licenses')
    .selectAll('licenses')
    .select((e) =>
      e
        .selectFrom('hosts')
        .select((count) => count.fn.countAll<number | string>().as('used'))
        .whereRef('hosts.licenseId', '=', 'licenses.id')
        .where('hosts.seatFreedAt', 'is', null)
        .as('seatsUsed'),
    );
}
