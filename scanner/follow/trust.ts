import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import { BadVersionError, EqualVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { sha256Hex } from '../../base/bytes.js';
import { formatSeconds, parseSeconds, secondMs } from '../../base/clock.js';
import { CodedError } from '../../base/error.js';
import { parseMetadata, rolePolicy, verifyMetadata, type RolePolicy } from '../../keys/metadata.js';
import type { MetaFile, RootRole, SnapshotRole, TargetsRole, TimestampRole } from '../../keys/roles.js';
import { verifyRootSuccessor, verifySelfSigned } from '../../keys/root.js';
import { ScannerError, type ScannerErrorCode } from '../error.js';

/** A file that a role vouches for, with the role that did and what that role demands of a signature. */
export interface TrustedTarget {
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  readonly sha256: string;
  readonly custom: TargetsRole['targets'][string]['custom'];
  /** Name of the delegated role, or `targets`. */
  readonly role: string;
  readonly policy: RolePolicy;
}

/** Names of the files that a verified set is kept in: `root`, `timestamp`, `snapshot`, `targets`, and each role read. */
export type TrustedFiles = ReadonlyMap<string, Uint8Array>;

/**
 * The client workflow of TUF specification 1.0.31, section 5, as a state machine over bytes: files go in, in the order
 * root, timestamp, snapshot, targets, delegated roles, and what stays in has been verified. tuf-js decides; in front of
 * it stand the checks that it does not make (form of `expires`, exactly one SHA-256, unknown and duplicate members, a
 * threshold of distinct public keys). `now` is the fixed update start time of 5.1.
 *
 * Every method refuses with KeyError `metadata-malformed`, `keyid-mismatch`, `signature-threshold`, `root-version`, or
 * ScannerError `signature-threshold`, `version-rollback`, `metadata-expired`, `metadata-mismatch`, `metadata-missing`,
 * `metadata-rejected`. After a refusal of root, timestamp, snapshot or targets the object is spent: throw it away, and
 * begin again from the stored files.
 */
export class Trust {
  readonly #now: Date;
  readonly #mayBeStale: boolean;
  readonly #store: TrustedMetadataStore;
  readonly #files = new Map<string, Uint8Array>();
  readonly #roles = new Map<string, TargetsRole>();
  #root: RootRole;
  #timestamp: TimestampRole | null = null;
  #snapshot: SnapshotRole | null = null;

  /**
   * 5.2: the root that is trusted already; it may have expired, as it is only the start of the chain. With `mayBeStale`
   * an expired timestamp or snapshot is taken: what people carry may be days on its way (docs/spec/offline.md).
   */
  constructor(trustedRoot: Uint8Array, now: Date, { mayBeStale = false } = {}) {
    this.#now = now;
    this.#mayBeStale = mayBeStale;
    this.#root = verifySelfSigned(parseMetadata('root', trustedRoot));
    this.#store = guard('root', () => new TrustedMetadataStore(Buffer.from(trustedRoot)));
    this.#setReferenceTime(now);
    this.#files.set('root', trustedRoot);
  }

  /** Private there, and otherwise the system's clock. */
  #setReferenceTime(time: Date): void {
    Object.assign(this.#store, { referenceTime: time });
  }

  /** Whether the trusted timestamp or snapshot has expired. */
  get isStale(): boolean {
    return [this.#timestamp, this.#snapshot].some((role) => role !== null && isOver(role.expires, this.#now));
  }

  /**
   * tuf-js looks at all of a set at one time. For a set that may be stale that time is set back to before the ends of its
   * timestamp and snapshot; root, targets and roles are measured at Now by `requireUnexpired`.
   */
  #allowStale({ expires }: TimestampRole | SnapshotRole): void {
    if (!this.#mayBeStale) return;
    const { referenceTime } = this.#store as unknown as { referenceTime: Date };
    const beforeEnd = new Date((parseSeconds(expires)?.getTime() ?? 0) - secondMs);
    if (beforeEnd < referenceTime) this.#setReferenceTime(beforeEnd);
  }

  #requireUnexpired(subject: string, expires: string): void {
    if (isOver(expires, this.#now))
      throw new ScannerError(
        'metadata-expired',
        `${subject}: expected an end after ${formatSeconds(this.#now)}, got ${expires}`,
      );
  }

  get root(): RootRole {
    return this.#root;
  }

  get files(): TrustedFiles {
    return this.#files;
  }

  /** Until when a carried copy of this set is fresh, and until when it is accepted at all. */
  get ends(): { readonly staleAfter: string; readonly refusedAfter: string } {
    const online = [present(this.#timestamp, 'timestamp'), present(this.#snapshot, 'snapshot')];
    return { staleAfter: firstEnd(online), refusedAfter: firstEnd([this.#root, ...this.#roles.values()]) };
  }

  /** The snapshot that the trusted timestamp names; its length and hash bound what may be fetched (5.5.1). */
  get snapshotFile(): MetaFile {
    return present(this.#timestamp, 'timestamp').meta['snapshot.json'];
  }

  /** The file of `targets` or of a delegated role that the trusted snapshot names (5.6.1). */
  roleFile(role: string): MetaFile {
    const file = present(this.#snapshot, 'snapshot').meta[`${role}.json`];
    if (!file)
      throw new ScannerError('metadata-missing', `snapshot: expected an entry for role ${role}, got none (tuf 5.6.1)`);
    return file;
  }

  /** Whether the trusted snapshot names exactly this file of a role. */
  snapshotNames(role: string, sha256: string): boolean {
    return this.#snapshot?.meta[`${role}.json`]?.hashes.sha256 === sha256;
  }

  /** 5.3.4 to 5.3.8: the next root, signed by the old quorum and its own, exactly one version up. */
  updateRoot(bytes: Uint8Array): void {
    const next = verifyRootSuccessor(this.#root, parseMetadata('root', bytes));
    guard(`root ${next.version} (tuf 5.3.4)`, () => this.#store.updateRoot(Buffer.from(bytes)));
    this.#root = next;
    this.#files.set('root', bytes);
  }

  /**
   * The timestamp and snapshot of the last update, against which rollback is measured. They may have expired. Those
   * whose keys a newer root took away are dropped, which is the recovery of 5.3.11.
   */
  loadTimestamp(bytes: Uint8Array): void {
    const timestamp = parseMetadata('timestamp', bytes);
    try {
      this.#acceptTimestamp(bytes, timestamp);
    } catch (error) {
      if (!(error instanceof ScannerError && error.code === 'metadata-expired')) throw error;
    }
    if (this.#store.timestamp === undefined) return;
    this.#timestamp = timestamp.signed;
    this.#files.set('timestamp', bytes);
  }

  /** True when this is the snapshot that the timestamp names, so that none need be fetched. */
  loadSnapshot(bytes: Uint8Array): boolean {
    const snapshot = parseMetadata('snapshot', bytes);
    verifyMetadata(snapshot, rolePolicy(this.#root, 'snapshot'));
    this.#allowStale(snapshot.signed);
    try {
      this.#store.updateSnapshot(Buffer.from(bytes), true);
    } catch {
      return false; // an older one stays behind in the store, for 5.5.5
    }
    if (sha256Hex(bytes) !== this.snapshotFile.hashes.sha256) return false;
    this.#snapshot = snapshot.signed;
    this.#files.set('snapshot', bytes);
    return true;
  }

  /** 5.4.2 to 5.4.5. Answers `same` when the version is the trusted one's: then the trusted one stays. */
  updateTimestamp(bytes: Uint8Array): 'newer' | 'same' {
    const timestamp = parseMetadata('timestamp', bytes);
    if (!this.#acceptTimestamp(bytes, timestamp)) return 'same';
    this.#timestamp = timestamp.signed;
    this.#files.set('timestamp', bytes);
    return 'newer';
  }

  #acceptTimestamp(bytes: Uint8Array, timestamp: ReturnType<typeof parseMetadata<'timestamp'>>): boolean {
    verifyMetadata(timestamp, rolePolicy(this.#root, 'timestamp')); // 5.4.2
    this.#requireUnexpired('root (tuf 5.3.10)', this.#root.expires);
    this.#allowStale(timestamp.signed);
    try {
      guard('timestamp (tuf 5.4.3, 5.4.4)', () => this.#store.updateTimestamp(Buffer.from(bytes)));
      return true;
    } catch (error) {
      if (error instanceof ScannerError && error.cause instanceof EqualVersionError) return false;
      throw error;
    }
  }

  /** 5.5.2 to 5.5.7. */
  updateSnapshot(bytes: Uint8Array): void {
    requireFile('snapshot (tuf 5.5.2)', bytes, this.snapshotFile);
    const snapshot = parseMetadata('snapshot', bytes);
    verifyMetadata(snapshot, rolePolicy(this.#root, 'snapshot')); // 5.5.3
    requireVersion('snapshot (tuf 5.5.4)', snapshot.signed.version, this.snapshotFile);
    this.#allowStale(snapshot.signed);
    guard('snapshot (tuf 5.5.5, 5.5.6)', () => this.#store.updateSnapshot(Buffer.from(bytes)));
    this.#snapshot = snapshot.signed;
    this.#files.set('snapshot', bytes);
  }

  /** 5.6.2 to 5.6.6, for the top-level `targets` and, after it, for each role that it delegates to. */
  updateTargets(role: string, bytes: Uint8Array): void {
    const subject = role === 'targets' ? 'targets' : `role ${role}`;
    requireFile(`${subject} (tuf 5.6.2)`, bytes, this.roleFile(role));
    const targets = parseMetadata('targets', bytes, subject);
    verifyMetadata(targets, this.#policyOf(role), subject); // 5.6.3
    requireVersion(`${subject} (tuf 5.6.4)`, targets.signed.version, this.roleFile(role));
    this.#requireUnexpired(`${subject} (tuf 5.6.5)`, targets.signed.expires);
    guard(`${subject} (tuf 5.6.5)`, () =>
      this.#store.updateDelegatedTargets(Buffer.from(bytes), role, role === 'targets' ? 'root' : 'targets'),
    );
    this.#roles.set(role, targets.signed);
    this.#files.set(role, bytes);
  }

  #policyOf(role: string): RolePolicy {
    if (role === 'targets') return rolePolicy(this.#root, 'targets');
    return rolePolicy(this.#topLevelTargets().delegations ?? { keys: {}, roles: [] }, role);
  }

  #topLevelTargets(): TargetsRole {
    return present(this.#roles.get('targets') ?? null, 'targets');
  }

  /**
   * The role that decides about a path (5.6.7): `targets` itself when it lists the path, else the first role that it
   * delegates the path to; ours are all terminating, so no other is asked. Null when nobody may sign it.
   */
  roleOf(path: string): string | null {
    const { targets, delegations } = this.#topLevelTargets();
    if (Object.hasOwn(targets, path)) return 'targets';
    const folder = path.slice(0, path.indexOf('/') + 1);
    const isThreeParts = path.split('/').length === 3;
    return delegations?.roles.find(({ paths }) => isThreeParts && paths.includes(`${folder}*/*`))?.name ?? null;
  }

  hasRole(role: string): boolean {
    return this.#roles.has(role);
  }

  /** What the deciding role says of a path; its role must have been read. Null when it does not list the path. */
  target(path: string): TrustedTarget | null {
    const role = this.roleOf(path);
    const entry = role === null ? undefined : this.#roles.get(role)?.targets;
    if (role === null || entry === undefined || !Object.hasOwn(entry, path)) return null;
    const file = entry[path] as TargetsRole['targets'][string];
    return {
      path,
      length: file.length,
      sha256: file.hashes.sha256,
      custom: file.custom,
      role,
      policy: this.#policyOf(role),
    };
  }
}

function firstEnd(roles: readonly { readonly expires: string }[]): string {
  return roles.map(({ expires }) => expires).sort()[0] ?? '';
}

function isOver(time: string, now: Date): boolean {
  const end = parseSeconds(time);
  return end === null || end <= now;
}

function present<T>(role: T | null, name: string): T {
  if (role === null) throw new RangeError(`${name}: expected to be trusted already, got none`);
  return role;
}

function requireFile(subject: string, bytes: Uint8Array, file: MetaFile): void {
  if (bytes.length === file.length && sha256Hex(bytes) === file.hashes.sha256) return;
  throw new ScannerError(
    'metadata-mismatch',
    `${subject}: expected ${file.length} bytes with sha256 ${file.hashes.sha256}, got ${bytes.length} with ${sha256Hex(bytes)}`,
  );
}

function requireVersion(subject: string, version: number, file: MetaFile): void {
  if (version !== file.version)
    throw new ScannerError('metadata-mismatch', `${subject}: expected version ${file.version}, got ${version}`);
}

/** Runs one step of tuf-js and gives its refusal our code. */
function guard<T>(subject: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new ScannerError(codeOf(cause), `${subject}: ${lowerFirst((cause as Error).message)}`, { cause });
  }
}

function codeOf(error: unknown): ScannerErrorCode {
  if (error instanceof UnsignedMetadataError) return 'signature-threshold';
  if (error instanceof BadVersionError) return 'version-rollback';
  if (error instanceof ExpiredMetadataError) return 'metadata-expired';
  if (error instanceof LengthOrHashMismatchError) return 'metadata-mismatch';
  return 'metadata-rejected';
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
