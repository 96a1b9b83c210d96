import { sha256Hex } from '../../base/bytes.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import { ScannerError, unlessRefused } from '../error.js';
import type { RepositorySource } from './fetcher.js';
import { TrustedMetadata, type TrustedFiles, type TrustedTarget } from './trusted-metadata.js';

/** TUF 5.3.3 asks for a bound. */
export const maxRootRotations = 256;

/** Where a file stays once it was let in, whatever is refused after it (TUF 5.3.8, 5.4.5, 5.5.7, 5.6.6). */
export type Keep = (role: string, bytes: Uint8Array) => Promise<void>;

/** A repository that is being followed: what is trusted by now, where the rest comes from, and what is known of before. */
export interface Followed {
  readonly trusted: TrustedMetadata;
  readonly source: RepositorySource;
  readonly known: TrustedFiles;
  readonly keep: Keep;
}

/** For those who keep a whole set at once, or nothing. */
export const keepNothing: Keep = () => Promise.resolve();

/**
 * TUF 5.2 to 5.6 from a source: roots one by one until there is no newer one, then timestamp, snapshot and targets. Each
 * file is kept before the next one is asked for. What `known` holds already is not fetched again: with nothing new it
 * costs two requests.
 *
 * @throws what `TrustedMetadata` throws; ScannerError `metadata-missing`, `root-rotations`; BaseError `http-…`; what `keep` throws
 */
export async function refreshTrust(
  start: Omit<Followed, 'trusted'>,
  trustedRoot: Uint8Array,
  now: Date,
): Promise<Followed> {
  const trusted = new TrustedMetadata(trustedRoot, now, { mayBeStale: start.source.isCarried === true });
  const followed = { ...start, trusted };
  await refreshRoot(followed);
  await refreshTimestamp(followed);
  await refreshSnapshot(followed);
  await readRole(followed, 'targets');
  return followed;
}

async function refreshRoot({ trusted, source, keep }: Followed): Promise<void> {
  for (let rotations = 0; rotations <= maxRootRotations; rotations++) {
    const next = await source.metadata(`${trusted.root.version + 1}.root.json`, metadataMaxBytes.root);
    if (next === null) return;
    trusted.updateRoot(next);
    await keep('root', next);
  }
  throw new ScannerError('root-rotations', `root: expected at most ${maxRootRotations} newer versions, got more`);
}

/** Stored files that no longer verify (their keys were rotated away, the disk failed) are as good as none: 5.3.11. */
async function refreshTimestamp({ trusted, source, known, keep }: Followed): Promise<void> {
  const stored = known.get('timestamp');
  if (stored) unlessRefused(() => trusted.loadTimestamp(stored));
  const bytes = await fetchFile(source, 'timestamp.json', metadataMaxBytes.timestamp);
  if (trusted.updateTimestamp(bytes) === 'newer') await keep('timestamp', bytes);
}

async function refreshSnapshot({ trusted, source, known, keep }: Followed): Promise<void> {
  const [stored, storedTargets] = [known.get('snapshot'), known.get('targets')];
  if (stored) unlessRefused(() => trusted.loadSnapshot(stored));
  if (storedTargets) unlessRefused(() => trusted.loadTargets(storedTargets));
  const { version, length, hashes } = trusted.snapshotFile;
  if (stored && sha256Hex(stored) === hashes.sha256) {
    trusted.updateSnapshot(stored);
    return;
  }
  const bytes = await fetchFile(source, `${version}.snapshot.json`, Math.min(length, metadataMaxBytes.snapshot));
  trusted.updateSnapshot(bytes);
  if (trusted.mayKeepSnapshot) await keep('snapshot', bytes);
}

/** Reads `targets` or a role it delegates to, unless it has been read. */
export async function readRole({ trusted, source, known, keep }: Followed, role: string): Promise<void> {
  if (trusted.hasRole(role)) return;
  const { version, length, hashes } = trusted.roleFile(role);
  const stored = known.get(role);
  const isCurrent = stored !== undefined && sha256Hex(stored) === hashes.sha256;
  const maxBytes = Math.min(length, metadataMaxBytes.targets);
  const bytes = isCurrent ? stored : await fetchFile(source, `${version}.${role}.json`, maxBytes);
  const [mayKeepSnapshot, snapshot] = [trusted.mayKeepSnapshot, trusted.files.get('snapshot')];
  trusted.updateTargets(role, bytes);
  if (!mayKeepSnapshot && snapshot) await keep('snapshot', snapshot); // before targets: they hold the keys of its marks
  if (!isCurrent) await keep(role, bytes);
}

/**
 * What the role that decides about `path` says of it (TUF 5.6.7), reading that role when it is needed; null when nobody
 * lists it. A refused role harms its own paths only.
 */
export async function findTarget(followed: Followed, path: string): Promise<TrustedTarget | null> {
  const role = followed.trusted.roleOf(path);
  if (role === null) return null;
  await readRole(followed, role);
  return followed.trusted.target(path);
}

async function fetchFile(source: RepositorySource, name: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = await source.metadata(name, maxBytes);
  if (bytes === null)
    throw new ScannerError('metadata-missing', `${name}: expected a metadata file in the repository, got none`);
  return bytes;
}
