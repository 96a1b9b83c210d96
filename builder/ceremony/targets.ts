import { sha256Hex } from '../../base/bytes.js';
import { type Clock, dayMs, formatSeconds } from '../../base/clock.js';
import { encodePublicKey, type PublicKeyJson } from '../../keys/key.js';
import { encodeKeysJson, epochOf, type KeysJson, keysJsonPath } from '../../keys/keys-json.js';
import { type RolePolicy, rolePolicy, type SignedMetadata } from '../../keys/metadata.js';
import {
  lifetimeDays,
  namePattern,
  reservedNames,
  type RootRole,
  specVersion,
  type TargetsRole,
} from '../../keys/roles.js';
import type { Signer } from '../../keys/signer.js';
import { addSignature } from '../../keys/signing.js';
import { BuilderError } from '../error.js';
import { countMissing, type MissingSignatures, requirePolicy, requireRoleKey } from './root.js';

/** The first, empty top-level targets: no target of its own, nothing delegated. */
export function newTargets(clock: Clock): SignedMetadata<TargetsRole> {
  const signed: TargetsRole = {
    _type: 'targets',
    spec_version: specVersion,
    version: 1,
    expires: targetsExpiry(clock),
    targets: {},
    delegations: { keys: {}, roles: [] },
  };
  return { signed, signatures: [] };
}

/** The unsigned successor of a signed targets file: the same content, version + 1, 90 days from now. */
export function nextTargets(signed: TargetsRole, clock: Clock): SignedMetadata<TargetsRole> {
  return { signed: { ...signed, version: signed.version + 1, expires: targetsExpiry(clock) }, signatures: [] };
}

/**
 * What a change works on: the first targets, an unsigned draft as it is, or the successor of a fully signed file. A
 * file in between is left alone unless `reopen` says to drop its signatures.
 *
 * @throws BuilderError `metadata-signed`
 */
export function draftTargets(
  newest: SignedMetadata<TargetsRole> | null,
  root: RootRole,
  options: { readonly reopen: boolean; readonly clock: Clock },
): SignedMetadata<TargetsRole> {
  if (newest === null) return newTargets(options.clock);
  if (newest.signatures.length === 0) return newest;
  const { missing, threshold } = missingTargetsSignatures(newest, root);
  if (missing === 0 && !options.reopen) return nextTargets(newest.signed, options.clock);
  if (options.reopen) return { signed: newest.signed, signatures: [] };
  throw new BuilderError(
    'metadata-signed',
    `targets ${newest.signed.version}: expected no signatures or all ${threshold}, got ${newest.signatures.length}`,
    { hint: 'sign it fully first, or drop its signatures with --reopen' },
  );
}

function targetsExpiry(clock: Clock): string {
  return formatSeconds(new Date(clock.now().getTime() + lifetimeDays.targets * dayMs));
}

/**
 * Gives a feature to release keys: the role of its name may sign `<feature>/<pack>/<file>` and nothing else.
 *
 * @throws BuilderError `name-invalid`, `feature-delegated` unless `replace`, `key-kind`, `key-repeated`,
 * `threshold-invalid`
 */
export function delegateFeature(
  signed: TargetsRole,
  feature: string,
  policy: RolePolicy,
  options: { replace?: boolean } = {},
): TargetsRole {
  requireFeatureName(feature);
  requirePolicy(feature, policy);
  const roles = signed.delegations?.roles ?? [];
  if (roles.some(({ name }) => name === feature) && options.replace !== true)
    throw new BuilderError(
      'feature-delegated',
      `feature ${feature}: expected one that nobody holds, got a delegated one`,
      {
        hint: 'give it to other keys with --replace',
      },
    );
  const role = {
    name: feature,
    keyids: policy.keys.map(({ keyid }) => keyid),
    threshold: policy.threshold,
    terminating: true as const,
    paths: [`${feature}/*/*`],
  };
  const kept = [...roles.filter(({ name }) => name !== feature), role];
  const known: Record<string, PublicKeyJson> = { ...signed.delegations?.keys };
  for (const key of policy.keys) known[key.keyid] = encodePublicKey(key);
  const used = new Set(kept.flatMap(({ keyids }) => keyids));
  const keys = Object.fromEntries(Object.entries(known).filter(([keyid]) => used.has(keyid)));
  for (const other of kept)
    if (other.name !== feature && other.keyids.some((keyid) => role.keyids.includes(keyid)))
      throw new BuilderError(
        'key-repeated',
        `feature ${feature}: expected a release key of its own, got one that ${other.name} has too`,
      );
  return { ...signed, delegations: { keys, roles: kept } };
}

/** @throws BuilderError `name-invalid` */
export function requireFeatureName(feature: string): void {
  if (!namePattern.test(feature) || feature.length > 64)
    throw new BuilderError('name-invalid', `feature: expected a name of a-z, 0-9 and -, got "${feature}"`);
  if (reservedNames.includes(feature))
    throw new BuilderError('name-invalid', `feature: expected a name that has no other meaning, got "${feature}"`);
}

/** Puts the license and distribution keys under the signatures of targets; the bytes become the target `keys.json`. */
export function setKeysJson(signed: TargetsRole, keys: KeysJson): { signed: TargetsRole; keysJson: Uint8Array } {
  const keysJson = encodeKeysJson(keys);
  const target = { length: keysJson.length, hashes: { sha256: sha256Hex(keysJson) } };
  return { signed: { ...signed, targets: { ...signed.targets, [keysJsonPath]: target } }, keysJson };
}

/**
 * Takes a feature from its release keys, one of which was stolen: other keys, and the next epoch, in which nothing counts
 * that was released before. Its role has to be signed anew by the new keys in the same commit.
 *
 * @throws BuilderError `feature-unknown`, `key-repeated` when every new key is one that the feature has now, and what
 * {@link delegateFeature} throws
 */
export function evictKeys(
  signed: TargetsRole,
  keys: KeysJson,
  feature: string,
  policy: RolePolicy,
): { signed: TargetsRole; keysJson: Uint8Array; epoch: number } {
  const before = signed.delegations?.roles.find(({ name }) => name === feature);
  if (!before)
    throw new BuilderError(
      'feature-unknown',
      `feature ${feature}: expected a delegated one, got one that nobody holds`,
      {
        hint: `delegate it with yms targets delegate ${feature} --key FILE`,
      },
    );
  if (before.keyids.every((keyid) => policy.keys.some((key) => key.keyid === keyid)))
    throw new BuilderError(
      'key-repeated',
      `feature ${feature}: expected at least one of its keys to go, got all ${before.keyids.length} of them again`,
      { hint: 'make a new key with yms keys rotate, and name only keys that are still in good hands' },
    );
  const delegated = delegateFeature(signed, feature, policy, { replace: true });
  const epoch = epochOf(keys, feature) + 1;
  const epochs = new Map([...(keys.epochs ?? []), [feature, epoch]]);
  return { ...setKeysJson(delegated, { ...keys, epochs }), epoch };
}

/** The epochs that go on when keys.json gets other keys: every delegated feature has one. */
export function keptEpochs(signed: TargetsRole, keys: KeysJson | null): Map<string, number> {
  const features = (signed.delegations?.roles ?? []).map(({ name }) => name);
  return new Map([...(keys?.epochs ?? []), ...features.map((name) => [name, epochOf(keys ?? {}, name)] as const)]);
}

export function missingTargetsSignatures(metadata: SignedMetadata<TargetsRole>, root: RootRole): MissingSignatures {
  return countMissing('targets', metadata, rolePolicy(root, 'targets'));
}

/** @throws BuilderError `key-unknown` for a key that root does not list for targets */
export function signTargets(
  metadata: SignedMetadata<TargetsRole>,
  root: RootRole,
  signer: Signer,
): SignedMetadata<TargetsRole> {
  requireRoleKey(`targets ${metadata.signed.version}`, rolePolicy(root, 'targets').keys, signer);
  return addSignature(metadata, signer);
}
