import { epochOf, type KeysJson, keysJsonPath, parseKeysJson } from '../../../keys/keys-json.js';
import type { TargetsRole } from '../../../keys/roles.js';
import { ServerError } from '../../error.js';
import type { BlobStore } from '../../blobs/store.js';

/** The `keys.json` that a committed targets role lists. */
export async function loadKeysJson(targets: TargetsRole, blobs: BlobStore): Promise<KeysJson> {
  const sha256 = targets.targets[keysJsonPath]?.hashes.sha256;
  if (sha256 === undefined)
    throw new ServerError('internal', `targets ${targets.version}: expected it to list ${keysJsonPath}, got no target`);
  return parseKeysJson(await blobs.load(sha256));
}

/**
 * An epoch never falls, or evicted releases would count again; and a feature that has one more needs its role in the same
 * commit, signed by its new keys, or the evicted one would still be served.
 *
 * @param published features that have a role
 * @param roles those that come with this commit
 * @throws ServerError `epoch-fell`, `role-keys-stale`
 */
export function requireEpochs(
  before: KeysJson,
  after: KeysJson,
  published: Iterable<string>,
  roles: ReadonlyMap<string, unknown>,
): void {
  for (const [feature, epoch] of before.epochs ?? [])
    if (epochOf(after, feature) < epoch)
      throw new ServerError(
        'epoch-fell',
        `${keysJsonPath}: expected epoch ${epoch} or more of ${feature}, got ${epochOf(after, feature)}`,
        { hint: 'make keys.json from the one that is served now' },
      );
  for (const feature of published)
    if (epochOf(after, feature) > epochOf(before, feature) && !roles.has(feature))
      throw new ServerError(
        'role-keys-stale',
        `role ${feature}: expected a version signed by its new keys with epoch ${epochOf(after, feature)}, got none`,
        { hint: 'publish both at once: yms publish --ceremony DIR' },
      );
}
