import type { Clock } from '../../../base/clock.js';
import { parseMetadata, type RolePolicy, verifyMetadata, verifyUnexpired } from '../../../keys/metadata.js';
import type { TargetsRole } from '../../../keys/roles.js';
import { ServerError } from '../../error.js';
import type { Held } from '../repository.js';
import { requireTargetPath } from './target-path.js';
import { requireLifetime, requireVersion } from './version.js';

/** Metadata cost is quadratic in tuf-js; one feature has few packs and channels. */
const maxTargets = 500;

/**
 * A delegated role's new file, by itself: its quorum, its version, its paths, its life. The packs and
 * feeds that it lists are checked by `acceptPack` and `acceptFeed`.
 *
 * @throws ServerError `version-not-next`, `expiry-too-far`, `target-count`, `target-path`, `delegation`; KeyError
 */
export function acceptRole(
  feature: string,
  file: Uint8Array,
  current: Held<TargetsRole> | null,
  { policy, startsOver, clock }: { readonly policy: RolePolicy; readonly startsOver: boolean; readonly clock: Clock },
): Held<TargetsRole> {
  const subject = `role ${feature}`;
  const metadata = parseMetadata('targets', file, subject);
  requireRoleVersion(subject, current?.signed.version ?? 0, metadata.signed.version, startsOver);
  const signed = verifyUnexpired(verifyMetadata(metadata, policy, subject), clock, subject);
  requireLifetime(subject, signed.expires, 'release', clock);
  if (signed.delegations !== undefined)
    throw new ServerError('delegation', `${subject}: expected no further delegations, got some`);
  const paths = Object.keys(signed.targets);
  if (paths.length > maxTargets)
    throw new ServerError('target-count', `${subject}: expected at most ${maxTargets} targets, got ${paths.length}`);
  for (const path of paths) requireTargetPath(path, feature);
  return { signed, bytes: file };
}

/** The publisher's clock chose the number that a driven-up version starts over at (`nextVersion`): here it must be lower. */
function requireRoleVersion(subject: string, current: number, version: number, startsOver: boolean): void {
  if (!startsOver || version > current) requireVersion(subject, current + 1, version);
}
