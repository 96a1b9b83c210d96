/** Tokens of people's programs, pipelines and feeds, and activation tokens: making, listing, replacing and ending them. */
import { z } from 'zod';
import { formatSeconds, hourMs } from '../../base/clock.js';
import { canonicalJson, type Json } from '../../base/json.js';
import { type Actor, mayKnow, requirePermission, ownedBy } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { refusal, unknownId, unknownReference } from '../error.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { RecordsTransaction } from '../records/database.js';
import type { TokenRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { type Permission, permissions, roleOfScope, rolePermissions } from '../actor/roles.js';
import { type Scope, scopes } from '../actor/scope.js';
import { displayName, id, searchText, time } from '../input/fields.js';
import { insertToken } from './tokens.js';

/** What people may make tokens of; those of hosts and activations come about otherwise. */
export const issuedScopes = [
  'publisher',
  'auditor',
  'license-manager',
  'customer',
  'feed',
  'admin',
] as const satisfies readonly Scope[];

export const newTokenSchema = z
  .strictObject({
    name: displayName,
    scope: z.enum(issuedScopes),
    licenseId: id.optional(),
    customerId: id.optional(),
    permissions: z.array(z.enum(permissions)).min(1).max(permissions.length).optional(),
    expiresAt: time.optional(),
  })
  .refine(({ scope, licenseId }) => (scope === 'feed') === (licenseId !== undefined), {
    error: 'a license for scope feed, and only there',
    path: ['licenseId'],
  })
  .refine(({ scope, customerId }) => (scope === 'customer') === (customerId !== undefined), {
    error: 'a customer for scope customer, and only there',
    path: ['customerId'],
  })
  .refine(({ scope, permissions: narrowed }) => narrowed === undefined || isWithin(narrowed, scope), {
    error: 'permissions that the scope’s role has',
    path: ['permissions'],
  });
export type NewTokenInput = z.output<typeof newTokenSchema>;

export const newActivationTokenSchema = z.strictObject({
  name: displayName,
  licenseId: id,
  /** How many new hosts it may activate. */
  uses: z.int().min(1).max(1_000_000).default(1),
  expiresAt: time.optional(),
});

export const rotationSchema = z.strictObject({
  /** How long the old token goes on working beside the new one. */
  graceHours: z.int().min(0).max(168).default(0),
});

export interface ShownToken {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly licenseId: string | null;
  readonly hostId: string | null;
  readonly customerId: string | null;
  /** Null: all of the scope's role. */
  readonly permissions: readonly string[] | null;
  readonly usesLeft: number | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

/** A new token with its text, which is shown once. */
export type ShownNewToken = ShownToken & { readonly token: string };

export const tokenList: ListSpec = {
  id: 'tokens.id',
  sorts: { name: 'tokens.name', createdAt: 'tokens.createdAt' },
  filters: { scope: z.enum(scopes), licenseId: id, customerId: id, q: searchText },
};

export const activationTokenList: ListSpec = {
  id: 'tokens.id',
  sorts: { name: 'tokens.name', createdAt: 'tokens.createdAt' },
  filters: { licenseId: id },
};

function isWithin(narrowed: readonly Permission[], scope: Scope): boolean {
  const role = roleOfScope(scope);
  return role !== null && narrowed.every((permission) => rolePermissions[role].includes(permission));
}

/** Nobody hands out more than he has. @throws ServerError `scope-missing`, `reference-unknown`, `request-body` */
export async function createToken(deps: ServerDeps, actor: Actor, input: NewTokenInput): Promise<ShownNewToken> {
  requirePermission(actor, 'tokens:write');
  const { name, scope, licenseId = null, customerId = null, expiresAt = null, permissions: narrowed } = input;
  const role = roleOfScope(scope);
  for (const permission of narrowed ?? (role === null ? [] : rolePermissions[role]))
    requirePermission(actor, permission);
  requireFuture(deps, expiresAt);
  return insertWithAudit(deps, actor, 'token.create', async (trx) => {
    if (licenseId !== null) await requireReference(trx, 'licenses', licenseId, 'licenseId');
    if (customerId !== null) await requireReference(trx, 'customers', customerId, 'customerId');
    const permissionList = narrowed === undefined ? null : canonicalJson(narrowed.toSorted());
    return { name, scope, licenseId, customerId, expiresAt, permissions: permissionList };
  });
}

/** @throws ServerError `reference-unknown` also for a license that the actor may not know of; `request-body` */
export async function createActivationToken(
  deps: ServerDeps,
  actor: Actor,
  input: z.output<typeof newActivationTokenSchema>,
): Promise<ShownNewToken> {
  requirePermission(actor, 'activation-tokens:write');
  const { name, licenseId, uses, expiresAt = null } = input;
  requireFuture(deps, expiresAt);
  return insertWithAudit(deps, actor, 'activation-token.create', async (trx) => {
    const license = await trx
      .selectFrom('licenses')
      .select('customerId')
      .where('id', '=', licenseId)
      .executeTakeFirst();
    if (!license || !mayKnow(actor, license.customerId)) throw unknownReference('licenseId', licenseId);
    return { name, scope: 'activation', licenseId, expiresAt, usesLeft: uses };
  });
}

async function insertWithAudit(
  { records, clock }: ServerDeps,
  actor: Actor,
  action: string,
  describe: (trx: RecordsTransaction) => Promise<Parameters<typeof insertToken>[2]>,
): Promise<ShownNewToken> {
  return transact(records, async (trx) => {
    const { row, token } = await insertToken(trx, clock, await describe(trx));
    const details = { before: null, after: audited(row) };
    await appendAudit(trx, clock, { actor: actor.name, action, subject: row.id, details });
    return { ...shownToken(row), token };
  });
}

export async function listTokens({ records }: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<ShownToken>> {
  requirePermission(actor, 'tokens:read');
  const { scope, licenseId, customerId, q } = list.filters;
  let query = records.selectFrom('tokens').selectAll();
  if (scope !== undefined) query = query.where('scope', '=', scope as TokenRow['scope']);
  if (licenseId !== undefined) query = query.where('licenseId', '=', licenseId);
  if (customerId !== undefined) query = query.where('customerId', '=', customerId);
  if (q !== undefined) query = query.where(contains('tokens.name', q));
  return listPage(query, list, tokenList, tokenPage);
}

export async function listActivationTokens(
  { records }: ServerDeps,
  actor: Actor,
  list: ListQuery,
): Promise<Listed<ShownToken>> {
  requirePermission(actor, 'activation-tokens:write');
  const { licenseId } = list.filters;
  let query = records
    .selectFrom('tokens')
    .innerJoin('licenses', 'licenses.id', 'tokens.licenseId')
    .selectAll('tokens')
    .where('tokens.scope', '=', 'activation')
    .where(ownedBy(actor, 'licenses.customerId'));
  if (licenseId !== undefined) query = query.where('tokens.licenseId', '=', licenseId);
  return listPage(query, list, activationTokenList, tokenPage);
}

const tokenPage = {
  idOf: (row: TokenRow) => row.id,
  valueOf: (row: TokenRow, column: string) =>
    column === 'tokens.name' ? row.name : column === 'tokens.createdAt' ? row.createdAt : row.id,
  show: shownToken,
};

/**
 * A new token in the place of an old one, which ends now or after some hours.
 *
 * @throws ServerError `not-found`, `scope-missing`
 */
export async function rotateToken(
  deps: ServerDeps,
  actor: Actor,
  tokenId: string,
  { graceHours }: z.output<typeof rotationSchema>,
): Promise<ShownNewToken> {
  requirePermission(actor, 'tokens:write');
  const { records, clock } = deps;
  return transact(records, async (trx) => {
    await holdRow(trx, 'tokens', tokenId);
    const old = await trx.selectFrom('tokens').selectAll().where('id', '=', tokenId).executeTakeFirst();
    if (!old || old.scope === 'host') throw unknownId('token', tokenId);
    const role = roleOfScope(old.scope);
    const held = old.permissions === null ? null : (JSON.parse(old.permissions) as Permission[]);
    for (const permission of held ?? (role === null ? [] : rolePermissions[role])) requirePermission(actor, permission);
    const { name, scope, licenseId, customerId, permissions: narrowed, usesLeft, expiresAt } = old;
    const made = await insertToken(trx, clock, {
      name,
      scope,
      licenseId,
      customerId,
      permissions: narrowed,
      usesLeft,
      expiresAt,
    });
    const endsAt = formatSeconds(new Date(clock.now().getTime() + graceHours * hourMs));
    const oldEnd = old.expiresAt !== null && old.expiresAt < endsAt ? old.expiresAt : endsAt;
    if (graceHours === 0) await trx.deleteFrom('tokens').where('id', '=', tokenId).execute();
    else await trx.updateTable('tokens').set({ expiresAt: oldEnd }).where('id', '=', tokenId).execute();
    const details = { before: { token: tokenId, ...audited(old) }, after: { token: made.row.id, oldEndsAt: oldEnd } };
    await appendAudit(trx, clock, { actor: actor.name, action: 'token.rotate', subject: tokenId, details });
    return { ...shownToken(made.row), token: made.token };
  });
}

/** @throws ServerError `not-found` */
export async function deleteToken(deps: ServerDeps, actor: Actor, tokenId: string): Promise<void> {
  requirePermission(actor, 'tokens:write');
  await endToken(deps, actor, tokenId, () => true, 'token.delete');
}

/** @throws ServerError `not-found` also when the actor may not know of its license */
export async function deleteActivationToken(deps: ServerDeps, actor: Actor, tokenId: string): Promise<void> {
  requirePermission(actor, 'activation-tokens:write');
  await endToken(
    deps,
    actor,
    tokenId,
    async (row, trx) => {
      if (row.scope !== 'activation') return false;
      const license = await trx
        .selectFrom('licenses')
        .select('customerId')
        .where('id', '=', row.licenseId)
        .executeTakeFirst();
      return license !== undefined && mayKnow(actor, license.customerId);
    },
    'activation-token.delete',
  );
}

async function endToken(
  { records, clock }: ServerDeps,
  actor: Actor,
  tokenId: string,
  isOne: (row: TokenRow, trx: RecordsTransaction) => boolean | Promise<boolean>,
  action: string,
): Promise<void> {
  await transact(records, async (trx) => {
    await holdRow(trx, 'tokens', tokenId);
    const row = await trx.selectFrom('tokens').selectAll().where('id', '=', tokenId).executeTakeFirst();
    if (!row || !(await isOne(row, trx))) throw unknownId('token', tokenId);
    await trx.deleteFrom('tokens').where('id', '=', tokenId).execute();
    const details = { before: audited(row), after: null };
    await appendAudit(trx, clock, { actor: actor.name, action, subject: tokenId, details });
  });
}

async function requireReference(
  trx: RecordsTransaction,
  table: 'licenses' | 'customers',
  referenceId: string,
  member: string,
): Promise<void> {
  if (!(await trx.selectFrom(table).select('id').where('id', '=', referenceId).executeTakeFirst()))
    throw unknownReference(member, referenceId);
}

function requireFuture({ clock }: ServerDeps, expiresAt: string | null): void {
  if (expiresAt !== null && expiresAt <= formatSeconds(clock.now()))
    throw refusal('request-body', { path: ['expiresAt'], expected: 'a time after now', got: expiresAt });
}

function audited({
  name,
  scope,
  licenseId,
  customerId,
  expiresAt,
  permissions: narrowed,
  usesLeft,
}: TokenRow): Record<string, Json> {
  return {
    name,
    scope,
    licenseId,
    customerId,
    expiresAt,
    permissions: narrowed === null ? null : (JSON.parse(narrowed) as Json),
    usesLeft,
  };
}

function shownToken(row: TokenRow): ShownToken {
  const { id: tokenId, name, scope, licenseId, hostId, customerId, usesLeft, createdAt, expiresAt, lastUsedAt } = row;
  const narrowed = row.permissions === null ? null : (JSON.parse(row.permissions) as string[]);
  const bound = { licenseId, hostId, customerId, permissions: narrowed, usesLeft };
  return { id: tokenId, name, scope, ...bound, createdAt, expiresAt, lastUsedAt };
}
