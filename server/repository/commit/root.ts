import { parseMetadata, verifyUnexpired } from '../../../keys/metadata.js';
import type { RootRole } from '../../../keys/roles.js';
import { verifyRootSuccessor, verifySelfSigned } from '../../../keys/root.js';
import type { Clock } from '../../../base/clock.js';
import type { ServerKeys } from '../../deps.js';
import { ServerError } from '../../error.js';
import { type Held, requireOnlineKey } from '../repository.js';
import { requireLifetime, requireVersion } from './version.js';

/**
 * The chain from the trusted root through `files`: each the next version, signed by the quorum before and by its own.
 * The first root of a repository is the one that its admin brings. The last must be unexpired and name this server's
 * snapshot and timestamp keys, or nothing could be published under it.
 *
 * @returns the new roots, oldest first
 * @throws ServerError `version-not-next`, `expiry-too-far`, `root-online-keys`; KeyError `metadata-malformed`,
 * `signature-threshold`, `role-unknown`, `metadata-expired`
 */
export function acceptRoots(
  trusted: RootRole | null,
  files: readonly Uint8Array[],
  keys: Pick<ServerKeys, 'snapshot' | 'timestamp'>,
  clock: Clock,
): Held<RootRole>[] {
  const accepted: Held<RootRole>[] = [];
  let root = trusted;
  for (const [i, bytes] of files.entries()) {
    const metadata = parseMetadata('root', bytes, `roots[${i}]`);
    requireVersion('root', (root?.version ?? 0) + 1, metadata.signed.version);
    root = root === null ? verifySelfSigned(metadata) : verifyRootSuccessor(root, metadata);
    accepted.push({ signed: root, bytes });
  }
  if (root === null)
    throw new ServerError('version-not-next', 'root: expected version 1 in the first commit, got none');
  if (accepted.length > 0) {
    verifyUnexpired(root, clock, `root ${root.version}`);
    requireLifetime('root', root.expires, 'root', clock);
    for (const role of ['snapshot', 'timestamp'] as const) requireOnlineKey(root, role, keys);
  }
  return accepted;
}
