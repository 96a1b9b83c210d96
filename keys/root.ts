import { KeyError } from './error.js';
import { rolePolicy, type SignedMetadata, verifyMetadata } from './metadata.js';
import type { RootRole } from './roles.js';

/**
 * A root that stands by itself: signed by its own quorum. It says nothing about whether it is the right one; that
 * comes from a file or hash that people carried (`--root`, `--root-sha256`).
 *
 * @throws KeyError `signature-threshold`, `role-unknown`
 */
export function verifySelfSigned(root: SignedMetadata<RootRole>): RootRole {
  for (const role of ['root', 'targets', 'snapshot', 'timestamp']) rolePolicy(root.signed, role);
  return verifyMetadata(root, rolePolicy(root.signed, 'root'), `root ${root.signed.version}`);
}

/**
 * One step of a root rotation (TUF specification 5.3.4 and 5.3.5): the next version, signed by the old quorum and by
 * its own.
 *
 * @throws KeyError `root-version`, `signature-threshold`, `role-unknown`
 */
export function verifyRootSuccessor(trustedRoot: RootRole, next: SignedMetadata<RootRole>): RootRole {
  const expected = trustedRoot.version + 1;
  if (next.signed.version !== expected)
    throw new KeyError('root-version', `root: expected version ${expected}, got ${next.signed.version}`);
  verifyMetadata(
    next,
    rolePolicy(trustedRoot, 'root'),
    `root ${expected} under the keys of root ${trustedRoot.version}`,
  );
  return verifySelfSigned(next);
}
