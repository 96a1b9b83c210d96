import { parseFollowedRoot } from '../../keys/followed-root.js';
import { areKeysReplaced, parseMetadata, rolePolicy, verifyMetadata, type RolePolicy } from '../../keys/metadata.js';
import type { MetaFile, RootRole, SnapshotRole, TargetsRole, TimestampRole } from '../../keys/roles.js';
import { verifyRootSuccessor, verifySelfSigned } from '../../keys/root.js';
import { ScannerError, unlessRefused } from '../error.js';
import { isOver, requireFile, requireNotLower, requireUnexpired, requireVersion } from './metadata-check.js';

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
 * root, timestamp, snapshot, targets, delegated roles, and what stays in has been verified. It opens no file and asks no
 * network: `refresh.ts` fetches with the bounds of each step (5.3.3, 5.4.1, 5.5.1, 5.6.1), keeps what a step let in
 * (5.3.8, 5.4.5, 5.5.7, 5.6.6) and ends the loop over roots (5.3.9). The form of a file is that of `keys/metadata`.
 *
 * Files of the last update (`load…`) go in before those that came now, as marks: they may have expired, and they never
 * make a later step possible. Marks whose keys a newer root took away are refused, and the caller goes on without them.
 *
 * `now` is the fixed update start time of 5.1. Every method refuses with KeyError `metadata-malformed`,
 * `keyid-mismatch`, `role-unknown`, `signature-threshold`, `root-version`, or ScannerError `version-rollback`,
 * `role-dropped`, `metadata-expired`, `metadata-mismatch`, `metadata-missing`; a step out of its order is a RangeError.
 * What was let in before a refusal stays in.
 */
export class TrustedMetadata {
  readonly #now: Date;
  readonly #mayBeStale: boolean;
  readonly #files = new Map<string, Uint8Array>();
  readonly #roles = new Map<string, TargetsRole>();
  #root: RootRole;
  /** A mark until `updateTimestamp` has seen the one of now. */
  #timestamp: TimestampRole | null = null;
  #isTimestampOfNow = false;
  #snapshot: SnapshotRole | null = null;
  #markedSnapshot: SnapshotRole | null = null;
  #markedTargets: TargetsRole | null = null;
  /** Roles whose version the snapshot sets back, which `targets` has yet to allow. */
  #loweredRoles: readonly string[] = [];

  /**
   * 5.2: the root that is trusted already, for whatever reason it is: checked is only that its own quorum signed it. It
   * may have expired, as it is the start of the chain (5.3.10 looks at its end). With `mayBeStale` an expired timestamp
   * or snapshot is taken: what people carry may be days on its way.
   */
  constructor(trustedRoot: Uint8Array, now: Date, { mayBeStale = false } = {}) {
    this.#now = now;
    this.#mayBeStale = mayBeStale;
    this.#root = verifySelfSigned(parseFollowedRoot(trustedRoot));
    this.#files.set('root', trustedRoot);
  }

  get root(): RootRole {
    return this.#root;
  }

  get files(): TrustedFiles {
    return this.#files;
  }

  /** Whether the trusted timestamp or snapshot has expired. */
  get isStale(): boolean {
    return [this.#timestamp, this.#snapshot].some((role) => role !== null && isOver(role.expires, this.#now));
  }

  /** Until when a carried copy of this set is fresh, and until when it is accepted at all. */
  get ends(): { readonly staleAfter: string; readonly refusedAfter: string } {
    const online = [this.#currentTimestamp(), this.#currentSnapshot()];
    return { staleAfter: firstEnd(online), refusedAfter: firstEnd([this.#root, ...this.#roles.values()]) };
  }

  /**
   * 5.3.4 and 5.3.5: the next root, signed by the quorum before it and by its own, exactly one version up. Not looked at
   * is whether it has expired: one on the way to the newest may have.
   */
  updateRoot(bytes: Uint8Array): void {
    if (this.#timestamp !== null) throw new RangeError('root: expected before the timestamp');
    this.#root = verifyRootSuccessor(this.#root, parseFollowedRoot(bytes));
    this.#files.set('root', bytes);
  }

  /**
   * The timestamp of the last update, against which 5.4.3 measures. Not looked at is its end. One that the keys of the
   * newest root did not sign is refused, which is the recovery from a fast-forward attack (5.3.11).
   */
  loadTimestamp(bytes: Uint8Array): void {
    if (this.#timestamp !== null) throw new RangeError('timestamp: expected its mark first and once');
    this.#timestamp = verifyMetadata(parseMetadata('timestamp', bytes), rolePolicy(this.#root, 'timestamp'));
    this.#files.set('timestamp', bytes);
  }

  /**
   * 5.3.10, then 5.4.2 to 5.4.4. Answers `same` when the version is the trusted one's: then the trusted one stays, byte
   * for byte. Whether there is a snapshot as it says is found out by `updateSnapshot`.
   */
  updateTimestamp(bytes: Uint8Array): 'newer' | 'same' {
    if (this.#isTimestampOfNow) throw new RangeError('timestamp: expected once');
    requireUnexpired('root (tuf 5.3.10)', this.#root.expires, this.#now);
    const next = verifyMetadata(parseMetadata('timestamp', bytes), rolePolicy(this.#root, 'timestamp')); // 5.4.2
    const trusted = this.#timestamp;
    if (trusted !== null) {
      requireNotLower('timestamp (tuf 5.4.3)', next.version, trusted.version);
      if (next.version > trusted.version)
        requireNotLower('snapshot in the timestamp (tuf 5.4.3)', snapshotIn(next).version, snapshotIn(trusted).version);
    }
    const isSame = next.version === trusted?.version;
    const current = isSame ? trusted : next;
    this.#requireFresh('timestamp (tuf 5.4.4)', current.expires);
    this.#timestamp = current;
    this.#isTimestampOfNow = true;
    if (!isSame) this.#files.set('timestamp', bytes);
    return isSame ? 'same' : 'newer';
  }

  /** The snapshot that the trusted timestamp names; its length and hash bound what may be fetched (5.5.1). */
  get snapshotFile(): MetaFile {
    return snapshotIn(this.#currentTimestamp());
  }

  /**
   * The snapshot of the last update, against which 5.5.5 measures. Not looked at are its end, and whether the timestamp
   * names it; one that the keys of the newest root did not sign is refused (5.3.11).
   */
  loadSnapshot(bytes: Uint8Array): void {
    if (this.#snapshot !== null) throw new RangeError('snapshot: expected its mark first');
    this.#markedSnapshot = verifyMetadata(parseMetadata('snapshot', bytes), rolePolicy(this.#root, 'snapshot'));
  }

  /**
   * The targets of the last update: which keys spoke for a role when its version was marked. Its signatures were verified
   * when it was kept; under the newest root they may be worth nothing, and nothing else is taken from it.
   */
  loadTargets(bytes: Uint8Array): void {
    this.#markedTargets = parseMetadata('targets', bytes).signed;
  }

  /**
   * 5.5.2 to 5.5.6. A role whose version is set back is let in on condition: `targets` must have replaced its keys since,
   * and until it was seen to, `mayKeepSnapshot` is false. Whether the files are as the snapshot says is found out by
   * `updateTargets`.
   */
  updateSnapshot(bytes: Uint8Array): void {
    if (this.#roles.size > 0) throw new RangeError('snapshot: expected before targets');
    requireFile('snapshot (tuf 5.5.2)', bytes, this.snapshotFile);
    const next = verifyMetadata(parseMetadata('snapshot', bytes), rolePolicy(this.#root, 'snapshot')); // 5.5.3
    requireVersion('snapshot (tuf 5.5.4)', next.version, this.snapshotFile);
    const lowered = this.#markedSnapshot === null ? [] : loweredRoles(this.#markedSnapshot, next); // 5.5.5
    this.#requireFresh('snapshot (tuf 5.5.6)', next.expires);
    this.#loweredRoles = lowered;
    this.#snapshot = next;
    this.#files.set('snapshot', bytes);
  }

  /** Whether 5.5.7 may keep the snapshot now; else only after `targets`, since it would wipe the mark out. */
  get mayKeepSnapshot(): boolean {
    return this.#loweredRoles.length === 0;
  }

  /** The file of `targets` or of a delegated role that the trusted snapshot names (5.6.1). */
  roleFile(role: string): MetaFile {
    const file = fileIn(this.#currentSnapshot(), role);
    if (file === null)
      throw new ScannerError('metadata-missing', `snapshot: expected an entry for role ${role}, got none (tuf 5.6.1)`);
    return file;
  }

  /** `targets` and the delegated roles, as the trusted snapshot names them. */
  get roles(): string[] {
    return Object.keys(this.#currentSnapshot().meta).map(roleNamed);
  }

  /**
   * 5.6.2 to 5.6.5, for the top-level `targets` and, after it, for each role that it delegates to. Not looked at is what
   * the targets are: each is checked when it is fetched (5.7).
   */
  updateTargets(role: string, bytes: Uint8Array): void {
    const subject = role === 'targets' ? 'targets' : `role ${role}`;
    requireFile(`${subject} (tuf 5.6.2)`, bytes, this.roleFile(role));
    const signed = verifyMetadata(parseMetadata('targets', bytes, subject), this.#policyOf(role), subject); // 5.6.3
    requireVersion(`${subject} (tuf 5.6.4)`, signed.version, this.roleFile(role));
    requireUnexpired(`${subject} (tuf 5.6.5)`, signed.expires, this.#now);
    if (role === 'targets') this.#requireReplacedKeys(signed);
    this.#roles.set(role, signed);
    this.#files.set(role, bytes);
  }

  /** The rest of 5.5.5, which only the delegations can answer. Marks of `targets` itself are never set back here. */
  #requireReplacedKeys(next: TargetsRole): void {
    for (const role of this.#loweredRoles) {
      const before = policyIn(this.#markedTargets, role);
      const after = policyIn(next, role);
      if (before === null || after === null || !areKeysReplaced(before, after))
        requireNotLower(`role ${role} (tuf 5.5.5)`, this.roleFile(role).version, this.#markedVersion(role));
    }
    this.#loweredRoles = [];
  }

  #markedVersion(role: string): number {
    return (this.#markedSnapshot && fileIn(this.#markedSnapshot, role)?.version) ?? 0;
  }

  #policyOf(role: string): RolePolicy {
    if (role === 'targets') return rolePolicy(this.#root, 'targets');
    return rolePolicy(this.#topLevelTargets().delegations ?? { keys: {}, roles: [] }, role);
  }

  #currentTimestamp(): TimestampRole {
    if (!this.#isTimestampOfNow || this.#timestamp === null) throw new RangeError('timestamp: expected to be trusted');
    return this.#timestamp;
  }

  #currentSnapshot(): SnapshotRole {
    if (this.#snapshot === null) throw new RangeError('snapshot: expected to be trusted');
    return this.#snapshot;
  }

  #topLevelTargets(): TargetsRole {
    const targets = this.#roles.get('targets');
    if (!targets) throw new RangeError('targets: expected to be trusted');
    return targets;
  }

  #requireFresh(subject: string, expires: string): void {
    if (!this.#mayBeStale) requireUnexpired(subject, expires, this.#now);
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

function snapshotIn({ meta }: TimestampRole): MetaFile {
  return meta['snapshot.json'];
}

function fileIn({ meta }: SnapshotRole, role: string): MetaFile | null {
  const name = `${role}.json`;
  return Object.hasOwn(meta, name) ? (meta[name] ?? null) : null;
}

function roleNamed(fileName: string): string {
  return fileName.slice(0, -'.json'.length);
}

/** The delegated roles whose version goes down. @throws ScannerError `version-rollback` for targets, `role-dropped` */
function loweredRoles(marked: SnapshotRole, next: SnapshotRole): string[] {
  const lowered: string[] = [];
  for (const [name, { version }] of Object.entries(marked.meta)) {
    const role = roleNamed(name);
    const file = fileIn(next, role);
    if (file === null)
      throw new ScannerError('role-dropped', `snapshot (tuf 5.5.5): expected role ${role} to stay, got none`);
    if (role === 'targets') requireNotLower('targets (tuf 5.5.5)', file.version, version);
    else if (file.version < version) lowered.push(role);
  }
  return lowered;
}

function policyIn(targets: TargetsRole | null, role: string): RolePolicy | null {
  const delegations = targets?.delegations;
  return delegations === undefined ? null : unlessRefused(() => rolePolicy(delegations, role));
}

function firstEnd(roles: readonly { readonly expires: string }[]): string {
  return roles.map(({ expires }) => expires).sort()[0] ?? '';
}
