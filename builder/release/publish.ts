import { sha256Hex } from '../../base/bytes.js';
import { encodeMetadata, type RolePolicy, verifyMetadata } from '../../keys/metadata.js';
import type { Signer } from '../../keys/signer.js';
import { signMetadata } from '../../keys/signing.js';
import { featurePolicy, type ReleaseBase } from '../published/release-base.js';
import type { PublishPlan } from './plan.js';
import { type CommitFiles, postCommit, type ServerAccess, uploadBlob } from '../published/server-client.js';

/**
 * Signs each role of the plan, and verifies it as others will.
 *
 * @throws KeyError `signature-threshold` when the signers do not reach it
 */
export async function signRoles(
  base: ReleaseBase,
  plan: PublishPlan,
  signersOf: (feature: string, policy: RolePolicy) => Promise<readonly Signer[]>,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [feature, role] of plan.roles) {
    const policy = featurePolicy(base, feature);
    const signed = signMetadata(role, await signersOf(feature, policy));
    verifyMetadata(signed, policy, `role ${feature}`);
    files.set(feature, encodeMetadata(signed));
  }
  return files;
}

export interface UploadStep {
  readonly name: string;
  readonly bytes: number;
  /** 1 to `total`. */
  readonly index: number;
  readonly total: number;
  /** False when the server had it already. */
  readonly sent: boolean;
}

/**
 * Uploads what is missing, then commits once. Killed at any point, nothing of it is visible before the commit and all
 * of it after; running it again does what is left.
 *
 * @throws BuilderError `publish-conflict`, `publish-interrupted`, `server-refused`; BaseError `http-…`
 */
export async function publish(
  access: ServerAccess,
  base: ReleaseBase,
  plan: PublishPlan,
  roles: ReadonlyMap<string, Uint8Array>,
  onUpload: (step: UploadStep) => void = () => undefined,
): Promise<boolean> {
  const { roots, targets, keysJson } = base.upload;
  const commit: CommitFiles = { roots, targets, roles };
  if (roots.length === 0 && targets === null && roles.size === 0) return false;
  const blobs = plan.packs
    .flatMap((pack) => [pack, ...pack.feeds])
    .map(({ path, bytes, sha256 }) => ({ name: path, bytes, sha256 }));
  if (keysJson !== null) blobs.unshift({ name: 'keys.json', bytes: keysJson, sha256: sha256Hex(keysJson) });
  for (const [i, { name, bytes, sha256 }] of blobs.entries()) {
    const sent = await uploadBlob(access, sha256, bytes);
    onUpload({ name, bytes: bytes.length, index: i + 1, total: blobs.length, sent });
  }
  await postCommit(access, commit);
  return true;
}
