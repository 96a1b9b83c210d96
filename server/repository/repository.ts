/** The TUF metadata that is served now: reading it, and the two roles that the server signs itself. */
import { sha256Hex, utf8, decodeUtf8 } from '../../base/bytes.js';
import { type Clock, dayMs, formatSeconds } from '../../base/clock.js';
import { encodeMetadata, parseMetadata } from '../../keys/metadata.js';
import {
  lifetimeDays,
  type MetaFile,
  type RoleBodies,
  type RoleKind,
  type RootRole,
  type SnapshotRole,
  specVersion,
  type TargetsRole,
} from '../../keys/roles.js';
import { signMetadata } from '../../keys/signing.js';
import { nextVersion } from '../../keys/versions.js';
import type { ServerKeys } from '../deps.js';
import { ServerError } from '../error.js';
import type { Records, RecordsTransaction } from '../records/database.js';

export interface Held<T> {
  readonly signed: T;
  /** As it was uploaded. */
  readonly bytes: Uint8Array;
}

/** The newest version of everything that was committed. */
export interface Repository {
  readonly root: Held<RootRole>;
  readonly targets: Held<TargetsRole>;
  /** By feature; every role that was ever published. */
  readonly roles: ReadonlyMap<string, Held<TargetsRole>>;
}

/** What the server signs itself. */
export type OnlineRole = 'snapshot' | 'timestamp';

export interface OnlineVersions {
  readonly snapshot: number;
  readonly timestamp: number;
}

/** `timestamp.json` or `<version>.<role>.json`; null for any other name. */
export function parseMetadataName(name: string): { role: string; version: number | null } | null {
  if (name === 'timestamp.json') return { role: 'timestamp', version: null };
  const [, version, role] = /^([1-9]\d{0,14})\.([a-z0-9-]{1,100})\.json$/.exec(name) ?? [];
  return version === undefined || role === undefined || role === 'timestamp'
    ? null
    : { role, version: Number(version) };
}

/** The bytes of a metadata file by its name in the repository, or null. */
export async function findMetadata(records: Records, name: string): Promise<Uint8Array | null> {
  const parsed = parseMetadataName(name);
  if (parsed === null) return null;
  if (parsed.version === null) return (await newest(records, parsed.role))?.bytes ?? null;
  const row = await records
    .selectFrom('metadata')
    .select('body')
    .where('role', '=', parsed.role)
    .where('version', '=', parsed.version)
    .executeTakeFirst();
  return row ? utf8(row.body) : null;
}

async function newest(records: Records, role: string): Promise<{ version: number; bytes: Uint8Array } | null> {
  const row = await records
    .selectFrom('metadata')
    .select(['version', 'body'])
    .where('role', '=', role)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { version: row.version, bytes: utf8(row.body) } : null;
}

/** The current metadata of an online or top-level role, or null before the first commit. */
export async function currentRole<K extends RoleKind>(records: Records, kind: K): Promise<Held<RoleBodies[K]> | null> {
  const found = await newest(records, kind);
  return found && parseHeld(kind, found.bytes, kind);
}

/** What was checked when it was saved; if it is broken now, that is no fault of who asks. */
function parseHeld<K extends RoleKind>(kind: K, bytes: Uint8Array, subject: string): Held<RoleBodies[K]> {
  try {
    return { bytes, signed: parseMetadata(kind, bytes, subject).signed };
  } catch (cause) {
    throw new ServerError('internal', `${subject}: expected the records to hold it whole, got a damaged one`, {
      cause,
    });
  }
}

/**
 * What is served now, to be asked for before anything that is going to be signed is read. The next versions follow from
 * these: of two servers that sign at the same time one finds its version taken, and undoes nothing of the other's.
 */
export async function onlineVersions(records: Records): Promise<OnlineVersions> {
  const timestamp = (await newest(records, 'timestamp'))?.version ?? 0; // first, as it is the last to be written
  return { timestamp, snapshot: (await newest(records, 'snapshot'))?.version ?? 0 };
}

/** Everything committed, or null before the first commit. */
export async function loadRepository(records: Records): Promise<Repository | null> {
  const root = await currentRole(records, 'root');
  const targets = await currentRole(records, 'targets');
  const snapshot = await currentRole(records, 'snapshot');
  if (root === null || targets === null || snapshot === null) return null;
  const roles = new Map<string, Held<TargetsRole>>();
  for (const name of publishedRoles(snapshot.signed)) {
    const found = await newest(records, name);
    if (found) roles.set(name, parseHeld('targets', found.bytes, name));
  }
  return { root, targets, roles };
}

function publishedRoles(snapshot: SnapshotRole): string[] {
  return Object.keys(snapshot.meta)
    .map((file) => file.replace(/\.json$/, ''))
    .filter((role) => role !== 'targets');
}

/**
 * What this server would sign must be what endpoints accept: the current root names its key.
 *
 * @throws ServerError `root-online-keys`
 */
export function requireOnlineKey(root: RootRole, role: OnlineRole, keys: Pick<ServerKeys, OnlineRole>): void {
  if (namesOnlineKey(root, role, keys)) return;
  const { keyids, threshold } = root.roles[role];
  throw new ServerError(
    'root-online-keys',
    `root ${root.version}: expected threshold 1 and key ${keys[role].key.keyid} for ${role}, got threshold ${threshold} and keys ${keyids.join(', ')}`,
    { hint: 'make the root with the public-keys.json of this server' },
  );
}

export function namesOnlineKey(root: RootRole, role: OnlineRole, keys: Pick<ServerKeys, OnlineRole>): boolean {
  const { keyids, threshold } = root.roles[role];
  return threshold === 1 && keyids.includes(keys[role].key.keyid);
}

export async function insertMetadata(
  trx: RecordsTransaction,
  clock: Clock,
  role: string,
  version: number,
  bytes: Uint8Array,
): Promise<void> {
  await trx
    .insertInto('metadata')
    .values({ role, version, body: decodeUtf8(bytes, role), createdAt: formatSeconds(clock.now()) })
    .execute();
}

/** What a thief drove up counts no more, and would stand above the version that is served now. */
export async function dropLater(trx: RecordsTransaction, role: string, version: number): Promise<void> {
  await trx.deleteFrom('metadata').where('role', '=', role).where('version', '>', version).execute();
}

export interface OnlineSigning {
  readonly keys: ServerKeys;
  readonly clock: Clock;
  /** In a fast-forward recovery, see `isFastForwardRecovery`. */
  readonly startsOver: boolean;
}

/**
 * Signs a snapshot of `repository` and a timestamp of that snapshot, in this order.
 *
 * @param before the {@link onlineVersions} from before `repository` was read
 * @throws ServerError `root-online-keys` when its root names other keys than this server's
 */
export async function signSnapshot(
  trx: RecordsTransaction,
  signing: OnlineSigning,
  repository: Repository,
  before: OnlineVersions,
): Promise<OnlineVersions> {
  const { keys, clock } = signing;
  for (const role of ['snapshot', 'timestamp'] as const) requireOnlineKey(repository.root.signed, role, keys);
  const meta: Record<string, MetaFile> = { 'targets.json': metaFile(repository.targets) };
  for (const [name, role] of repository.roles) meta[`${name}.json`] = metaFile(role);
  const signed: SnapshotRole = {
    _type: 'snapshot',
    spec_version: specVersion,
    version: nextVersion(before.snapshot, signing),
    expires: formatSeconds(new Date(clock.now().getTime() + lifetimeDays.snapshot * dayMs)),
    meta,
  };
  const bytes = encodeMetadata(signMetadata(signed, [keys.snapshot]));
  if (signing.startsOver) await dropLater(trx, 'snapshot', signed.version);
  await insertMetadata(trx, clock, 'snapshot', signed.version, bytes);
  await trx
    .deleteFrom('metadata')
    .where('role', '=', 'snapshot')
    .where('version', '<', signed.version)
    .where('createdAt', '<', formatSeconds(new Date(clock.now().getTime() - lifetimeDays.snapshot * dayMs)))
    .execute();
  const timestamp = await signTimestamp(trx, signing, { signed, bytes }, before);
  return { snapshot: signed.version, timestamp };
}

/**
 * Signs a timestamp of `snapshot`; the one before is not served again.
 *
 * @param before the {@link onlineVersions} from before `snapshot` was read
 */
export async function signTimestamp(
  trx: RecordsTransaction,
  signing: OnlineSigning,
  snapshot: Held<SnapshotRole>,
  before: OnlineVersions,
): Promise<number> {
  const { keys, clock } = signing;
  const version = nextVersion(before.timestamp, signing);
  const signed = signMetadata(
    {
      _type: 'timestamp',
      spec_version: specVersion,
      version,
      expires: formatSeconds(new Date(clock.now().getTime() + lifetimeDays.timestamp * dayMs)),
      meta: { 'snapshot.json': metaFile(snapshot) },
    },
    [keys.timestamp],
  );
  await insertMetadata(trx, clock, 'timestamp', version, encodeMetadata(signed));
  await trx.deleteFrom('metadata').where('role', '=', 'timestamp').where('version', '!=', version).execute();
  return version;
}

/** Length and hash are always pinned, so that clients bound what they read. */
function metaFile(held: Held<{ readonly version: number }>): MetaFile {
  return { version: held.signed.version, length: held.bytes.length, hashes: { sha256: sha256Hex(held.bytes) } };
}
