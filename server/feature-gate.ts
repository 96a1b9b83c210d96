import { authorize } from './auth.js';
import type { ServerDeps } from './deps.js';
import { ServerError } from './error.js';
import { licenseFeatures, requireUsable } from './licensing.js';

/**
 * The gate: a token, its licence as it stands now, the feature, and then the licence's limit.
 *
 * @throws ServerError codes of `authorize` and `requireUsable`, `feature-not-licensed`, `rate-limited`
 */
export async function authorizeFeature(
  deps: ServerDeps,
  authorization: string | undefined,
  feature: string,
): Promise<void> {
  const caller = await authorize(deps, authorization, ['host', 'feed']);
  const row = await deps.records
    .selectFrom('licenses')
    .selectAll()
    .where('id', '=', caller.licenseId ?? '')
    .executeTakeFirst();
  if (!row) throw new ServerError('token-invalid', 'authorization: expected the token of a licence, got another');
  const license = requireUsable(row, deps.clock.now());
  if (!licenseFeatures(license).includes(feature))
    throw new ServerError(
      'feature-not-licensed',
      `license ${license.id}: expected feature ${JSON.stringify(feature)}, got a licence without it`,
    );
  deps.targetLimit.spend(license.id, license.seats * deps.config.targetsPerSeatHour);
}
