import { sha256Hex } from '../../base/bytes.js';
import { dayMs, FixedClock, formatSeconds } from '../../base/clock.js';
import { encodePublicKey, type SecretKey } from '../../keys/key.js';
import { encodeKeysJson } from '../../keys/keys-json.js';
import { encodeMetadata, type SignedMetadata } from '../../keys/metadata.js';
import type { RoleBody, RootRole, SnapshotRole, TargetCustom, TargetsRole, TimestampRole } from '../../keys/roles.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf, signMetadata } from '../../keys/signing.js';

const specVersion = '1.0.31';

/**
 * A TUF repository in memory whose every part a test may change (after python-tuf's RepositorySimulator): change the
 * role bodies and keys, then write them with the `write…` methods. What is in `files` is what clients get.
 */
export class TestRepository {
  readonly clock: FixedClock;
  rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
  targetsKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
  snapshotKeys = [newSigningKey()];
  timestampKeys = [newSigningKey()];
  readonly releaseKeys = new Map<string, SecretKey[]>();
  licenseKey = newSigningKey();
  distributionKey = newSealingKey();

  root: RootRole;
  targets: TargetsRole;
  readonly roles = new Map<string, TargetsRole>();
  snapshot: SnapshotRole;
  timestamp: TimestampRole;
  /** Below `/repository/`: `metadata/1.root.json`, `targets/<sha256>.keys.json`. */
  readonly files = new Map<string, Uint8Array>();

  constructor(clock: FixedClock, features: readonly string[] = ['sigma']) {
    this.clock = clock;
    this.root = {
      _type: 'root',
      spec_version: specVersion,
      version: 0,
      expires: this.inDays(365),
      consistent_snapshot: true,
      keys: {},
      roles: {
        root: { keyids: [], threshold: 2 },
        targets: { keyids: [], threshold: 2 },
        snapshot: { keyids: [], threshold: 1 },
        timestamp: { keyids: [], threshold: 1 },
      },
    };
    this.targets = { ...this.head('targets', 90), targets: {}, delegations: { keys: {}, roles: [] } };
    this.snapshot = { ...this.head('snapshot', 7), meta: {} };
    this.timestamp = {
      ...this.head('timestamp', 1),
      meta: { 'snapshot.json': { version: 1, length: 1, hashes: { sha256: '0'.repeat(64) } } },
    };
    for (const feature of features) this.addFeature(feature);
    this.writeRoot();
    this.putTarget(this.targets, 'keys.json', this.keysJson());
    this.publish();
  }

  inDays(days: number): string {
    return formatSeconds(new Date(this.clock.now().getTime() + days * dayMs));
  }

  private head<T extends string>(type: T, days: number) {
    return { _type: type, spec_version: specVersion, version: 0, expires: this.inDays(days) };
  }

  keysJson(): Uint8Array {
    return encodeKeysJson({
      licenseKeys: [this.licenseKey.publicKey],
      distributionKeys: [this.distributionKey.publicKey],
    });
  }

  addFeature(feature: string, keys: SecretKey[] = [newSigningKey()], threshold = 1): void {
    this.releaseKeys.set(feature, keys);
    this.roles.set(feature, { ...this.head('targets', 30), targets: {} });
    const delegations = this.targets.delegations ?? { keys: {}, roles: [] };
    for (const { publicKey } of keys) delegations.keys[publicKey.keyid] = encodePublicKey(publicKey);
    delegations.roles.push({
      name: feature,
      keyids: keys.map(({ publicKey }) => publicKey.keyid),
      threshold,
      terminating: true,
      paths: [`${feature}/*/*`],
    });
    this.targets.delegations = delegations;
  }

  /** Serves `bytes` and lists them in a role, which still has to be written. */
  putTarget(role: TargetsRole, path: string, bytes: Uint8Array, custom?: TargetCustom): void {
    const sha256 = sha256Hex(bytes);
    role.targets[path] = { length: bytes.length, hashes: { sha256 }, ...(custom ? { custom } : {}) };
    this.files.set(targetFile(path, sha256), bytes);
  }

  role(feature: string): TargetsRole {
    const role = this.roles.get(feature);
    if (!role) throw new Error(`no role ${feature}`);
    return role;
  }

  keysOf(feature: string): SecretKey[] {
    const keys = this.releaseKeys.get(feature);
    if (!keys) throw new Error(`no keys of ${feature}`);
    return keys;
  }

  /** A new root version with the keys as they are now, signed by them and by `alsoBy` (the old quorum). */
  writeRoot(alsoBy: readonly SecretKey[] = []): void {
    const sets = {
      root: this.rootKeys,
      targets: this.targetsKeys,
      snapshot: this.snapshotKeys,
      timestamp: this.timestampKeys,
    };
    this.root.version += 1;
    this.root.keys = {};
    for (const name of ['root', 'targets', 'snapshot', 'timestamp'] as const) {
      for (const { publicKey } of sets[name]) this.root.keys[publicKey.keyid] = encodePublicKey(publicKey);
      this.root.roles[name].keyids = sets[name].map(({ publicKey }) => publicKey.keyid);
    }
    this.write(`${this.root.version}.root.json`, this.root, [...new Set([...this.rootKeys, ...alsoBy])]);
  }

  writeRole(feature: string, signers = this.keysOf(feature)): void {
    const role = this.role(feature);
    role.version += 1;
    role.expires = this.inDays(30);
    const bytes = this.write(`${role.version}.${feature}.json`, role, signers);
    this.snapshot.meta[`${feature}.json`] = fileOf(role.version, bytes);
  }

  writeTargets(signers = this.targetsKeys): void {
    this.targets.version += 1;
    const bytes = this.write(`${this.targets.version}.targets.json`, this.targets, signers);
    this.snapshot.meta['targets.json'] = fileOf(this.targets.version, bytes);
  }

  writeSnapshot(signers = this.snapshotKeys): void {
    this.snapshot.version += 1;
    const bytes = this.write(`${this.snapshot.version}.snapshot.json`, this.snapshot, signers);
    this.timestamp.meta['snapshot.json'] = fileOf(this.snapshot.version, bytes);
  }

  writeTimestamp(signers = this.timestampKeys): void {
    this.timestamp.version += 1;
    this.write('timestamp.json', this.timestamp, signers);
  }

  /** A whole release, as a server makes it: everything re-signed with fresh expiry. */
  publish(): void {
    for (const feature of this.roles.keys()) this.writeRole(feature);
    this.targets.expires = this.inDays(90);
    this.writeTargets();
    this.snapshot.expires = this.inDays(7);
    this.writeSnapshot();
    this.timestamp.expires = this.inDays(1);
    this.writeTimestamp();
  }

  write(name: string, body: RoleBody, signers: readonly SecretKey[]): Uint8Array {
    return this.writeMetadata(name, signMetadata(structuredClone(body), signers.map(signerOf)));
  }

  writeMetadata(name: string, metadata: SignedMetadata<RoleBody>): Uint8Array {
    const bytes = encodeMetadata(metadata);
    this.files.set(`metadata/${name}`, bytes);
    return bytes;
  }

  metadata(name: string): Uint8Array {
    const bytes = this.files.get(`metadata/${name}`);
    if (!bytes) throw new Error(`no metadata ${name}`);
    return bytes;
  }
}

export function fileOf(version: number, bytes: Uint8Array) {
  return { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
}

export function targetFile(path: string, sha256: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `targets/${path.slice(0, slash)}${sha256}.${path.slice(slash)}`;
}
