import { shownSecret } from '../../base/shown.js';
import { formatSeconds, minuteMs, parseSeconds } from '../../base/clock.js';
import { type Actor, actorOf, requirePermission } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import type { Scope } from '../actor/scope.js';
import type { TokenRow } from '../records/tables.js';
import { transact } from '../records/transaction.js';
import { type Permission, roleOfScope } from '../actor/roles.js';
import { tokenDigest, tokenPattern } from './tokens.js';

/** Who asks, from the records alone. */
export interface Caller {
  readonly tokenId: string;
  readonly scope: Scope;
  readonly licenseId: string | null;
  readonly hostId: string | null;
  /** For the audit log. */
  readonly actor: string;
}

/** How often `lastUsedAt` of a busy token is written. */
const lastUsedGrainMs = minuteMs;

/**
 * The caller behind an Authorization header: `Bearer <token>`, or for feed tokens also Basic with the token as password.
 *
 * @throws ServerError `token-missing`, `token-invalid`, `token-expired`, `scope-missing`
 */
export async function authorize(
  deps: ServerDeps,
  authorization: string | undefined,
  scopes: readonly Scope[],
): Promise<Caller> {
  const row = await requireToken(deps, authorization);
  if (!scopes.includes(row.scope))
    throw new ServerError('scope-missing', `authorization: expected scope ${scopes.join(' or ')}, got ${row.scope}`);
  await recordUse(deps, row);
  const actor = row.hostId === null ? `token:${row.id}` : `host:${row.hostId}`;
  return { tokenId: row.id, scope: row.scope, licenseId: row.licenseId, hostId: row.hostId, actor };
}

/**
 * The one behind the token, when its scope's role has the permission and the token was not made without it.
 *
 * @throws ServerError `token-missing`, `token-invalid`, `token-expired`, `scope-missing`
 */
export async function authorizeActor(
  deps: ServerDeps,
  authorization: string | undefined,
  permission: Permission,
): Promise<Actor> {
  const row = await requireToken(deps, authorization);
  const role = roleOfScope(row.scope);
  if (role === null)
    throw new ServerError('scope-missing', `authorization: expected permission ${permission}, got scope ${row.scope}`);
  const narrowed = row.permissions === null ? null : (JSON.parse(row.permissions) as string[]);
  const actor = actorOf(`token:${row.id}`, role, row.customerId, narrowed);
  requirePermission(actor, permission);
  await recordUse(deps, row);
  return actor;
}

async function requireToken(
  { records, clock }: Pick<ServerDeps, 'records' | 'clock'>,
  authorization: string | undefined,
): Promise<TokenRow> {
  const presented = presentedToken(authorization);
  const row = await records
    .selectFrom('tokens')
    .selectAll()
    .where('digest', '=', tokenDigest(presented.token))
    .executeTakeFirst();
  if (!row || (presented.basic && row.scope !== 'feed'))
    throw new ServerError(
      'token-invalid',
      'authorization: expected a token that this server knows, got one that it does not',
    );
  if (row.expiresAt !== null && row.expiresAt <= formatSeconds(clock.now()))
    throw new ServerError('token-expired', `authorization: expected a token valid now, got one until ${row.expiresAt}`);
  return row;
}

function presentedToken(authorization: string | undefined): { token: string; basic: boolean } {
  if (authorization === undefined) throw new ServerError('token-missing', 'authorization: expected a token, got none');
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S{1,1000})$/i.exec(authorization) ?? [];
  const basic = scheme.toLowerCase() === 'basic';
  const decoded = basic
    ? Buffer.from(credentials, 'base64')
        .toString('latin1')
        .replace(/^[^:]*:/, '')
    : credentials;
  if (!tokenPattern.test(decoded))
    throw new ServerError(
      'token-invalid',
      `authorization: expected Bearer or Basic with a token of this server, got ${shownSecret(authorization)}`,
    );
  return { token: decoded, basic };
}

/** The first use of a host's new token ends its older ones: until then a lost answer costs the host nothing. */
async function recordUse({ records, clock }: Pick<ServerDeps, 'records' | 'clock'>, row: TokenRow): Promise<void> {
  const now = clock.now();
  const lastUsedAt = row.lastUsedAt === null ? null : parseSeconds(row.lastUsedAt);
  if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < lastUsedGrainMs) return;
  await transact(records, async (trx) => {
    await trx
      .updateTable('tokens')
      .set({ lastUsedAt: formatSeconds(now) })
      .where('id', '=', row.id)
      .execute();
    if (row.lastUsedAt === null && row.hostId !== null)
      await trx.deleteFrom('tokens').where('hostId', '=', row.hostId).where('id', '<', row.id).execute();
  });
}
