import { join } from 'node:path';
import { sha256Hex } from '../../base/bytes.js';
import { type Clock, dayMs, formatSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { readFileIfPresent } from '../../base/files.js';
import { encodeMetadata, type RolePolicy, verifyMetadata } from '../../keys/metadata.js';
import { lifetimeDays, specVersion, type TargetCustom, type TargetsRole } from '../../keys/roles.js';
import type { Signer } from '../../keys/signer.js';
import { signMetadata } from '../../keys/signing.js';
import { feedPath } from '../../packs/feed.js';
import { maxPackBytes, type PackHeader } from '../../packs/header.js';
import { readPack, verifyPack } from '../../packs/pack.js';
import { targetPath } from './build.js';
import type { PackConfig } from '../config/pack-config.js';
import { BuilderError } from '../error.js';
import { type BuiltFeed, loadFeeds } from '../feeds/release.js';
import { featurePolicy, type ReleaseBase } from '../published/release-base.js';
import { type CommitFiles, postCommit, type ServerAccess, uploadBlob } from '../published/server-client.js';

/** A built pack, verified under the release keys of its feature and ready for its target path. */
export interface BuiltPack {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly header: PackHeader;
  readonly feeds: readonly BuiltFeed[];
}

/**
 * The pack in `out/`, verified as server and endpoints will, with its feeds, or null when it has not been built.
 *
 * @throws BuilderError `pack-foreign`, `feature-unknown`, `keys-document`, `feed-missing`, `feed-stale`; PackError, KeyError
 */
export async function loadBuiltPack(out: string, config: PackConfig, base: ReleaseBase): Promise<BuiltPack | null> {
  const path = targetPath(config);
  const file = join(out, path);
  const bytes = await readFileIfPresent(file, maxPackBytes);
  if (bytes === null) return null;
  const unverified = readPack(bytes, file);
  if (unverified === null) throw new BuilderError('pack-foreign', `${file}: expected a yms pack, got another file`);
  const { feature, pack, channel } = config;
  const { header } = verifyPack(unverified, { ...featurePolicy(base, feature), expect: { feature, pack, channel } });
  const missing = base.keys.distributionKeys.find(({ keyid }) => !header.recipients.some((one) => one.keyid === keyid));
  if (missing)
    throw new BuilderError(
      'keys-document',
      `${file}: expected it sealed to distribution key ${missing.keyid}, got others`,
      {
        hint: 'the distribution keys have changed: run yms build again',
      },
    );
  const sha256 = sha256Hex(bytes);
  return { path, bytes, sha256, header, feeds: await loadFeeds(out, config, sha256) };
}

export interface PublishPlan {
  /** Feature → its next role; features without a change are not here. */
  readonly roles: ReadonlyMap<string, TargetsRole>;
  /** The packs that the server does not list yet. */
  readonly packs: readonly BuiltPack[];
}

/**
 * What a publication changes: per feature the current role with the new packs, version + 1, good for 30 days. A pack's
 * feeds go with it: those of its last release are replaced, and dropped where it has them no more.
 *
 * @throws BuilderError `sequence-invalid` for a pack that is not newer than the published one
 */
export function planPublication(
  base: ReleaseBase,
  built: readonly BuiltPack[],
  refresh: readonly string[],
  clock: Clock,
): PublishPlan {
  const packs = built.filter((pack) => isNew(base, pack));
  const features = new Set([...packs.map(({ header }) => header.feature), ...refresh]);
  const roles = new Map<string, TargetsRole>();
  for (const feature of features) {
    const current = base.roles.get(feature) ?? null;
    let targets = { ...current?.targets };
    for (const { path, bytes, sha256, header, feeds } of packs) {
      if (header.feature !== feature) continue;
      targets = withoutFeeds(targets, header);
      targets[path] = { length: bytes.length, hashes: { sha256 }, custom: targetCustom(header) };
      for (const feed of feeds) targets[feed.path] = { length: feed.bytes.length, hashes: { sha256: feed.sha256 } };
    }
    roles.set(feature, {
      _type: 'targets',
      spec_version: specVersion,
      version: (current?.version ?? 0) + 1,
      expires: formatSeconds(new Date(clock.now().getTime() + lifetimeDays.release * dayMs)),
      targets,
    });
  }
  return { roles, packs };
}

function isNew(base: ReleaseBase, { path, sha256, header }: BuiltPack): boolean {
  const current = base.roles.get(header.feature)?.targets[path];
  if (!current || current.hashes.sha256 === sha256) return !current;
  const sequence = current.custom?.sequence ?? 0;
  if (header.sequence > sequence) return true;
  throw new BuilderError(
    'sequence-invalid',
    `${path}: expected a sequence above the published ${sequence}, got ${header.sequence}`,
    { hint: 'run yms build again on top of what is published now' },
  );
}

function withoutFeeds(targets: TargetsRole['targets'], { feature, pack, channel }: PackHeader): TargetsRole['targets'] {
  const prefix = feedPath({ feature, pack, channel, name: '' });
  return Object.fromEntries(Object.entries(targets).filter(([path]) => !path.startsWith(prefix)));
}

function targetCustom({ kind, version, sequence, from }: PackHeader): TargetCustom {
  return { kind, version, sequence, ...(from && { from: { version: from.version } }) };
}

/** Features whose published role the release keys of `base` no longer vouch for: they must be signed again. */
export function rekeyedFeatures(base: ReleaseBase, before: TargetsRole | null): string[] {
  const held = (targets: TargetsRole | null, feature: string): string =>
    canonicalJson(targets?.delegations?.roles.find(({ name }) => name === feature) ?? null);
  return [...base.roles.keys()].filter((feature) => held(base.targets, feature) !== held(before, feature));
}

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
