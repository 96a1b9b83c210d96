import { equalBytes } from '../../../base/bytes.js';
import type { Clock } from '../../../base/clock.js';
import { type KeysJson, keysJsonMaxBytes, keysJsonPath, parseKeysJson } from '../../../keys/keys-json.js';
import { parseMetadata, rolePolicy, verifyMetadata, verifyUnexpired } from '../../../keys/metadata.js';
import type { RootRole, TargetsRole } from '../../../keys/roles.js';
import type { BlobStore } from '../../blobs/store.js';
import type { ServerKeys } from '../../deps.js';
import { ServerError } from '../../error.js';
import type { Held, Repository } from '../repository.js';
import { requireBlob } from './blob.js';
import { requireLifetime, requireVersion } from './version.js';

/** tuf-js visits no more delegated roles than this in one search. */
const maxDelegations = 32;

/**
 * The top-level targets role after a commit: a new file, or the current one if it still stands under the root.
 *
 * @throws ServerError `version-not-next`, `expiry-too-far`, `targets-paths`, `delegation`, `role-dropped`,
 * `role-keys-stale`; KeyError
 */
export function acceptTargets(
  file: Uint8Array | null,
  current: Repository | null,
  root: RootRole,
  clock: Clock,
): Held<TargetsRole> {
  const policy = rolePolicy(root, 'targets');
  if (file === null) {
    if (current === null)
      throw new ServerError('version-not-next', 'targets: expected version 1 in the first commit, got none');
    try {
      verifyMetadata(parseMetadata('targets', current.targets.bytes), policy);
    } catch (cause) {
      const { version } = current.targets.signed;
      throw new ServerError(
        'role-keys-stale',
        `targets: expected version ${version + 1} with the keys of the new root, got none`,
        { cause },
      );
    }
    return current.targets;
  }
  const metadata = parseMetadata('targets', file, 'targets');
  requireVersion('targets', (current?.targets.signed.version ?? 0) + 1, metadata.signed.version);
  const signed = verifyUnexpired(verifyMetadata(metadata, policy, 'targets'), clock, 'targets');
  requireLifetime('targets', signed.expires, 'targets', clock);
  const paths = Object.keys(signed.targets);
  if (paths.length !== 1 || paths[0] !== keysJsonPath)
    throw new ServerError(
      'targets-paths',
      `targets: expected ${keysJsonPath} and nothing else, got ${paths.join(', ') || 'nothing'}`,
    );
  const roles = signed.delegations?.roles ?? [];
  if (roles.length > maxDelegations)
    throw new ServerError('delegation', `targets: expected at most ${maxDelegations} delegations, got ${roles.length}`);
  for (const name of current?.roles.keys() ?? [])
    if (!roles.some((role) => role.name === name))
      throw new ServerError('role-dropped', `targets: expected role ${name} to stay delegated, got no delegation`, {
        hint: 'retire a feature by publishing its role without targets',
      });
  return { signed, bytes: file };
}

/**
 * `keys.json` must name this server's own keys: else no endpoint would take its license documents.
 *
 * @throws ServerError `keys-json`, `blob-missing`, `blob-length`; KeyError
 */
export async function requireKeysJson(targets: TargetsRole, blobs: BlobStore, keys: ServerKeys): Promise<KeysJson> {
  const entry = targets.targets[keysJsonPath];
  if (!entry || entry.length > keysJsonMaxBytes)
    throw new ServerError(
      'keys-json',
      `${keysJsonPath}: expected at most ${keysJsonMaxBytes} bytes, got ${entry?.length ?? 'none'}`,
    );
  await requireBlob(blobs, keysJsonPath, entry);
  const keysJson = parseKeysJson(await blobs.load(entry.hashes.sha256));
  const { licenseKeys, distributionKeys } = keysJson;
  if (!licenseKeys.some((key) => equalBytes(key.bytes, keys.license.key.bytes)))
    throw new ServerError(
      'keys-json',
      `${keysJsonPath}: expected license key ${keys.license.key.keyid}, got no such key`,
    );
  if (!keys.distribution.some((opener) => distributionKeys.some((key) => equalBytes(key.bytes, opener.key.bytes))))
    throw new ServerError('keys-json', `${keysJsonPath}: expected a distribution key of this server, got none`);
  return keysJson;
}
