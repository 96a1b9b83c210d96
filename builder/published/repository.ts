import { sha256Hex } from '../../base/bytes.js';
import type { Clock } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { type KeysJson, keysJsonMaxBytes, keysJsonPath, parseKeysJson } from '../../keys/keys-json.js';
import {
  parseMetadata,
  rolePolicy,
  type SignedMetadata,
  verifyMetadata,
  verifyUnexpired,
} from '../../keys/metadata.js';
import type { MetaFile, RoleBodies, RootRole, SnapshotRole, TargetsRole, TimestampRole } from '../../keys/roles.js';
import { verifyRootSuccessor } from '../../keys/root.js';
import { maxMetadataBytes } from '../ceremony/ceremony.js';
import { BuilderError } from '../error.js';

/** The whole file of that name, or null when there is none. */
type ReadFile = (name: string, maxBytes: number) => Promise<Uint8Array | null>;

export interface RepositoryReader {
  readonly metadata: ReadFile;
  /** By its name in the repository, hash in front: `<sha256>.keys.json`. */
  readonly target: ReadFile;
}

/** What the repository says, every part verified up to the root that the workspace was given. */
export interface VerifiedRepository {
  readonly root: RootRole;
  /** Null while nothing has been published. */
  readonly published: PublishedSet | null;
}

export interface PublishedSet {
  readonly timestamp: TimestampRole;
  readonly snapshot: SnapshotRole;
  readonly targets: TargetsRole;
  readonly keys: KeysJson | null;
  /** Feature → its delegated role; a feature that has published nothing yet is not here. */
  readonly roles: ReadonlyMap<string, TargetsRole>;
}

export interface RepositoryPolicy {
  readonly trustedRoot: RootRole;
  /** What was seen before: no version may go down. */
  readonly seen: VerifiedRepository | null;
  /** A stored set may be older than its timestamp and snapshot allow; a fetched one may not. */
  readonly allowStale?: boolean;
  readonly clock: Clock;
}

const maxRootRotations = 256;
const limits = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: maxMetadataBytes };

/**
 * The client workflow of TUF (specification 5.3 to 5.6) for a publisher: all delegated roles, expired ones too, because
 * it is the publisher who signs them again. Whether root and targets are expired is left to the caller, who may be
 * about to replace them.
 *
 * @throws BuilderError `metadata-missing`, `metadata-mismatch`, `metadata-version`; KeyError for signatures, form and
 * expiry
 */
export async function verifyRepository(
  reader: RepositoryReader,
  policy: RepositoryPolicy,
): Promise<VerifiedRepository> {
  const root = await followRoots(reader, policy.trustedRoot);
  const seen = policy.seen !== null && sameOnlineKeys(policy.seen.root, root) ? policy.seen.published : null;
  const timestampBytes = await reader.metadata('timestamp.json', limits.timestamp);
  if (timestampBytes === null) {
    if (seen !== null)
      throw new BuilderError('metadata-version', 'repository: expected the releases seen before, got an empty one');
    return { root, published: null };
  }
  const expiry =
    policy.allowStale === true
      ? <T>(signed: T): T => signed
      : <T extends TimestampRole | SnapshotRole>(signed: T): T => verifyUnexpired(signed, policy.clock);

  const timestamp = expiry(verifyMetadata(parseMetadata('timestamp', timestampBytes), rolePolicy(root, 'timestamp')));
  requireNotOlder('timestamp', timestamp.version, seen?.timestamp.version);

  const snapshotFile = await readPinned(reader, 'snapshot', 'snapshot', timestamp.meta['snapshot.json']);
  const snapshot = expiry(verifyMetadata(snapshotFile, rolePolicy(root, 'snapshot')));
  requireNotOlder('snapshot', snapshot.version, seen?.snapshot.version);
  for (const [name, file] of Object.entries(seen?.snapshot.meta ?? {}))
    requireNotOlder(name, snapshot.meta[name]?.version ?? 0, file.version);

  const targetsFile = await readPinned(reader, 'targets', 'targets', snapshot.meta['targets.json']);
  const targets = verifyMetadata(targetsFile, rolePolicy(root, 'targets'));
  const roles = new Map<string, TargetsRole>();
  for (const { name } of targets.delegations?.roles ?? []) {
    const pinned = snapshot.meta[`${name}.json`];
    if (pinned) roles.set(name, await readRole(reader, name, pinned, targets));
  }
  return { root, published: { timestamp, snapshot, targets, roles, keys: await readKeysJson(reader, targets) } };
}

async function followRoots(reader: RepositoryReader, trustedRoot: RootRole): Promise<RootRole> {
  let root = trustedRoot;
  for (let step = 0; step < maxRootRotations; step++) {
    const bytes = await reader.metadata(`${root.version + 1}.root.json`, limits.root);
    if (bytes === null) return root;
    root = verifyRootSuccessor(root, parseMetadata('root', bytes));
  }
  throw new BuilderError('root-chain', `root: expected at most ${maxRootRotations} new versions, got more`);
}

/** After a recovery with new online keys, versions that a thief drove up no longer count (TUF specification 5.3.11). */
function sameOnlineKeys(a: RootRole, b: RootRole): boolean {
  return (['snapshot', 'timestamp'] as const).every(
    (role) => canonicalJson(a.roles[role]) === canonicalJson(b.roles[role]),
  );
}

async function readRole(
  reader: RepositoryReader,
  name: string,
  pinned: MetaFile,
  targets: TargetsRole,
): Promise<TargetsRole> {
  const delegations = targets.delegations ?? { keys: {}, roles: [] };
  const file = await readPinned(reader, 'targets', name, pinned);
  const role = verifyMetadata(file, rolePolicy(delegations, name), `role ${name}`);
  const foreign = Object.keys(role.targets).find((path) => !path.startsWith(`${name}/`));
  if (foreign !== undefined)
    throw new BuilderError('metadata-mismatch', `role ${name}: expected only paths under ${name}/, got ${foreign}`);
  return role;
}

/** The file `N.<name>.json`, which must be exactly the one that the metadata above it pins. */
async function readPinned<K extends 'snapshot' | 'targets'>(
  reader: RepositoryReader,
  kind: K,
  name: string,
  pinned: MetaFile | undefined,
): Promise<SignedMetadata<RoleBodies[K]>> {
  if (!pinned) throw new BuilderError('metadata-missing', `snapshot: expected ${name}.json in it, got none`);
  const file = `${pinned.version}.${name}.json`;
  const bytes = await reader.metadata(file, limits[kind]);
  if (bytes === null) throw new BuilderError('metadata-missing', `repository: expected ${file}, got nothing there`);
  if (bytes.length !== pinned.length || sha256Hex(bytes) !== pinned.hashes.sha256)
    throw new BuilderError(
      'metadata-mismatch',
      `${file}: expected sha256 ${pinned.hashes.sha256}, got ${sha256Hex(bytes)}`,
    );
  const metadata = parseMetadata(kind, bytes, file);
  if (metadata.signed.version !== pinned.version)
    throw new BuilderError(
      'metadata-mismatch',
      `${file}: expected version ${pinned.version}, got ${metadata.signed.version}`,
    );
  return metadata;
}

async function readKeysJson(reader: RepositoryReader, targets: TargetsRole): Promise<KeysJson | null> {
  const target = targets.targets[keysJsonPath];
  if (!target) return null;
  const bytes = await reader.target(`${target.hashes.sha256}.${keysJsonPath}`, keysJsonMaxBytes);
  if (bytes === null)
    throw new BuilderError('metadata-missing', `repository: expected ${keysJsonPath}, got nothing there`);
  return verifyKeysJson(bytes, targets);
}

/** @throws BuilderError `metadata-mismatch` unless these are the bytes that targets signs */
export function verifyKeysJson(bytes: Uint8Array, targets: TargetsRole): KeysJson {
  const target = targets.targets[keysJsonPath];
  if (target?.length !== bytes.length || target.hashes.sha256 !== sha256Hex(bytes))
    throw new BuilderError(
      'metadata-mismatch',
      `${keysJsonPath}: expected sha256 ${target?.hashes.sha256 ?? 'none'} as targets signs it, got ${sha256Hex(bytes)}`,
    );
  return parseKeysJson(bytes);
}

function requireNotOlder(subject: string, version: number, seen: number | undefined): void {
  if (seen !== undefined && version < seen)
    throw new BuilderError('metadata-version', `${subject}: expected version ${seen} or newer, got ${version}`);
}
