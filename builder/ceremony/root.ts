import { type Clock, dayMs, formatSeconds } from '../../base/clock.js';
import { distinctKeys, encodePublicKey, type PublicKey, type PublicKeyJson } from '../../keys/key.js';
import { type RolePolicy, rolePolicy, type SignedMetadata, validSigners } from '../../keys/metadata.js';
import { lifetimeDays, type RootRole, specVersion } from '../../keys/roles.js';
import type { Signer } from '../../keys/signer.js';
import { addSignature } from '../../keys/signing.js';
import { BuilderError } from '../error.js';

export type RootRoleName = keyof RootRole['roles'];
export const rootRoleNames: readonly RootRoleName[] = ['root', 'targets', 'snapshot', 'timestamp'];

/** The keys of each top-level role. Roles that are left out keep those of the previous root. */
export type RootPlan = Partial<Record<RootRoleName, RolePolicy>>;

/**
 * An unsigned `root.json`: the first one, or the successor of `previous` (version + 1), good for a year from now.
 *
 * @throws BuilderError `key-missing` for a role without keys, `key-repeated`, `threshold-invalid`
 */
export function newRoot(plan: RootPlan, previous: RootRole | null, clock: Clock): SignedMetadata<RootRole> {
  const policies = rootRoleNames.map((role) => {
    const policy = plan[role] ?? (previous === null ? null : rolePolicy(previous, role));
    if (policy === null) throw new BuilderError('key-missing', `role ${role}: expected at least one key, got none`);
    requirePolicy(role, policy);
    return [role, policy] as const;
  });
  refuseSharedKeys(policies);
  const keys: Record<string, PublicKeyJson> = {};
  for (const [, policy] of policies) for (const key of policy.keys) keys[key.keyid] = encodePublicKey(key);
  const roles = Object.fromEntries(
    policies.map(([role, policy]) => [
      role,
      { keyids: policy.keys.map(({ keyid }) => keyid), threshold: policy.threshold },
    ]),
  ) as RootRole['roles'];
  const signed: RootRole = {
    _type: 'root',
    spec_version: specVersion,
    version: (previous?.version ?? 0) + 1,
    expires: formatSeconds(new Date(clock.now().getTime() + lifetimeDays.root * dayMs)),
    consistent_snapshot: true,
    keys,
    roles,
  };
  return { signed, signatures: [] };
}

/**
 * Distinct public keys that can sign, and a threshold that they can reach.
 *
 * @throws BuilderError `key-missing`, `key-kind`, `key-repeated`, `threshold-invalid`
 */
export function requirePolicy(role: string, policy: RolePolicy): void {
  if (policy.keys.length === 0)
    throw new BuilderError('key-missing', `role ${role}: expected at least one key, got none`);
  const foreign = policy.keys.find(({ kind }) => kind !== 'ed25519');
  if (foreign)
    throw new BuilderError(
      'key-kind',
      `role ${role}: expected keys of kind ed25519, got ${foreign.kind} ${foreign.keyid}`,
    );
  if (distinctKeys(policy.keys).length !== policy.keys.length)
    throw new BuilderError('key-repeated', `role ${role}: expected distinct public keys, got one of them twice`);
  if (!Number.isInteger(policy.threshold) || policy.threshold < 1 || policy.threshold > policy.keys.length)
    throw new BuilderError(
      'threshold-invalid',
      `role ${role}: expected a threshold of 1 to ${policy.keys.length} (its keys), got ${policy.threshold}`,
    );
}

/** One stolen key must not speak for two roles; only the server's two online roles may share theirs. */
function refuseSharedKeys(policies: readonly (readonly [RootRoleName, RolePolicy])[]): void {
  const owners = new Map<string, RootRoleName>();
  for (const [role, policy] of policies)
    for (const key of policy.keys) {
      const owner = owners.get(key.keyid);
      const bothOnline = role === 'timestamp' && owner === 'snapshot';
      if (owner !== undefined && !bothOnline)
        throw new BuilderError(
          'key-repeated',
          `root: expected a key to serve one role, got ${key.keyid} for ${owner} and ${role}`,
        );
      owners.set(key.keyid, role);
    }
}

export interface MissingSignatures {
  /** Whose keys ask: those of this root, or those of the one before it. */
  readonly under: 'new' | 'old' | 'targets';
  readonly threshold: number;
  readonly valid: number;
  readonly missing: number;
}

/** What a root still needs: its own threshold, and the one of the root before it (TUF specification 6.1). */
export function missingRootSignatures(
  metadata: SignedMetadata<RootRole>,
  previous: RootRole | null,
): MissingSignatures[] {
  const own = countMissing('new', metadata, rolePolicy(metadata.signed, 'root'));
  return previous === null ? [own] : [countMissing('old', metadata, rolePolicy(previous, 'root')), own];
}

export function countMissing(
  under: MissingSignatures['under'],
  metadata: Parameters<typeof validSigners>[0],
  policy: RolePolicy,
): MissingSignatures {
  const valid = validSigners(metadata, policy).length;
  return { under, threshold: policy.threshold, valid, missing: Math.max(0, policy.threshold - valid) };
}

/**
 * Adds a signature of a key of this root or of the one before it.
 *
 * @throws BuilderError `metadata-mismatch` when `previous` is not the version before, `key-unknown` for any other key
 */
export function signRoot(
  metadata: SignedMetadata<RootRole>,
  previous: RootRole | null,
  signer: Signer,
): SignedMetadata<RootRole> {
  const { version } = metadata.signed;
  if ((previous?.version ?? 0) !== version - 1)
    throw new BuilderError(
      'metadata-mismatch',
      `root ${version}: expected root ${version - 1} as the one before it, got ${previous === null ? 'none' : `root ${previous.version}`}`,
      { hint: 'name it with --previous, or put it beside the new one' },
    );
  const keys = [...rolePolicy(metadata.signed, 'root').keys, ...(previous ? rolePolicy(previous, 'root').keys : [])];
  requireRoleKey(`root ${version}`, keys, signer);
  return addSignature(metadata, signer);
}

export function requireRoleKey(subject: string, keys: readonly PublicKey[], signer: Signer): void {
  if (!keys.some(({ keyid }) => keyid === signer.key.keyid))
    throw new BuilderError('key-unknown', `${subject}: expected one of its role's keys, got key ${signer.key.keyid}`);
}
