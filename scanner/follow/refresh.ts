import { sha256Hex } from '../../base/bytes.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import { ScannerError, unlessRefused } from '../error.js';
import type { RepositorySource } from './fetcher.js';
import { Trust, type TrustedFiles, type TrustedTarget } from './trust.js';

/** TUF 5.3.3 asks for a bound. */
export const maxRootRotations = 256;

/**
 * TUF 5.2 to 5.6 from a source: roots one by one until there is no newer one, then timestamp, snapshot and targets.
 * What `known` holds already is not fetched again: with nothing new it costs two requests.
 *
 * @throws what `Trust` throws; ScannerError `metadata-missing`, `root-rotations`; BaseError `http-…`
 */
export async function refreshTrust(
  source: RepositorySource,
  trustedRoot: Uint8Array,
  known: TrustedFiles,
  now: Date,
): Promise<Trust> {
  const trust = new Trust(trustedRoot, now, { mayBeStale: source.isCarried === true });
  await refreshRoot(trust, source);
  await refreshTimestamp(trust, source, known.get('timestamp'));
  await refreshSnapshot(trust, source, known.get('snapshot'));
  await readRole(trust, source, known, 'targets');
  return trust;
}

async function refreshRoot(trust: Trust, source: RepositorySource): Promise<void> {
  for (let rotations = 0; rotations <= maxRootRotations; rotations++) {
    const next = await source.metadata(`${trust.root.version + 1}.root.json`, metadataMaxBytes.root);
    if (next === null) return;
    trust.updateRoot(next);
  }
  throw new ScannerError('root-rotations', `root: expected at most ${maxRootRotations} newer versions, got more`);
}

/** Stored files that no longer verify (their keys were rotated away, the disk failed) are as good as none: 5.3.11. */
async function refreshTimestamp(trust: Trust, source: RepositorySource, known: Uint8Array | undefined): Promise<void> {
  if (known) unlessRefused(() => trust.loadTimestamp(known));
  trust.updateTimestamp(await fetchFile(source, 'timestamp.json', metadataMaxBytes.timestamp));
}

async function refreshSnapshot(trust: Trust, source: RepositorySource, known: Uint8Array | undefined): Promise<void> {
  if (known && unlessRefused(() => trust.loadSnapshot(known))) return;
  const { version, length } = trust.snapshotFile;
  const maxBytes = Math.min(length, metadataMaxBytes.snapshot);
  trust.updateSnapshot(await fetchFile(source, `${version}.snapshot.json`, maxBytes));
}

/** Reads `targets` or a role it delegates to, unless it has been read. */
export async function readRole(
  trust: Trust,
  source: RepositorySource,
  known: TrustedFiles,
  role: string,
): Promise<void> {
  if (trust.hasRole(role)) return;
  const { version, length, hashes } = trust.roleFile(role);
  const stored = known.get(role);
  const isCurrent = stored !== undefined && sha256Hex(stored) === hashes.sha256;
  const maxBytes = Math.min(length, metadataMaxBytes.targets);
  trust.updateTargets(role, isCurrent ? stored : await fetchFile(source, `${version}.${role}.json`, maxBytes));
}

/**
 * What the role that decides about `path` says of it (TUF 5.6.7), reading that role when it is needed; null when nobody
 * lists it. A refused role harms its own paths only.
 */
export async function findTarget(
  trust: Trust,
  source: RepositorySource,
  known: TrustedFiles,
  path: string,
): Promise<TrustedTarget | null> {
  const role = trust.roleOf(path);
  if (role === null) return null;
  await readRole(trust, source, known, role);
  return trust.target(path);
}

/** The files to keep: those verified now, and stored roles that the snapshot still names but nobody asked for. */
export function filesToKeep(trust: Trust, known: TrustedFiles): Map<string, Uint8Array> {
  const files = new Map(trust.files);
  for (const [role, bytes] of known) {
    if (!files.has(role) && trust.snapshotNames(role, sha256Hex(bytes))) files.set(role, bytes);
  }
  return files;
}

async function fetchFile(source: RepositorySource, name: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = await source.metadata(name, maxBytes);
  if (bytes === null)
    throw new ScannerError('metadata-missing', `${name}: expected a metadata file in the repository, got none`);
  return bytes;
}
