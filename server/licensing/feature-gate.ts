import { authorize, type Caller } from '../access/auth.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { requireSeat } from './seats.js';
import { requireEntitled } from './sold-license.js';
import { settleMoves } from './settle-moves.js';

/**
 * The gate: a token, its license as it stands now, the feature, and then the license's limit.
 *
 * @throws ServerError codes of `authorize` and `requireEntitled`, `feature-not-licensed`, `seats-exhausted`, `rate-limited`
 */
export async function authorizeFeature(
  deps: ServerDeps,
  authorization: string | undefined,
  feature: string,
): Promise<Caller> {
  const caller = await authorize(deps, authorization, ['host', 'feed']);
  await settleMoves(deps);
  const row = await deps.records
    .selectFrom('licenses')
    .selectAll()
    .where('id', '=', caller.licenseId ?? '')
    .executeTakeFirst();
  if (!row)
    throw new ServerError(
      'token-invalid',
      'authorization: expected the token of a license, got one whose license is gone',
    );
  const license = await requireEntitled(deps.records, row, deps.clock.now());
  if (!license.entitled.includes(feature))
    throw new ServerError(
      'feature-not-licensed',
      `license ${license.id}: expected feature ${JSON.stringify(feature)}, got a license without it`,
    );
  if (caller.hostId !== null) await requireSeat(deps.records, caller.hostId);
  deps.targetLimit.spend(license.id, license.seats * deps.config.targetsPerSeatHour);
  return caller;
}
