import { readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { sha256Hex } from '../../base/bytes.js';
import { systemCode } from '../../base/error.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { withLock } from '../../base/lock.js';
import { parseMetadata } from '../../keys/metadata.js';
import { metadataMaxBytes, type SnapshotRole, type TargetsRole } from '../../keys/roles.js';
import { maxPackBytes } from '../../packs/header.js';
import { ScannerError, unlessRefused } from '../error.js';
import { consistentName, type RepositorySource } from '../follow/fetcher.js';
import type { FirstTrust } from '../follow/first-trust.js';
import { findTarget, type Followed, keepNothing, readRole, refreshTrust } from '../follow/refresh.js';
import type { TrustedMetadata, TrustedTarget } from '../follow/trusted-metadata.js';
import { requireOnTheWay } from './collect.js';

export interface MirrorOrder {
  readonly source: RepositorySource;
  /** The folder that a web server gives out as `/repository/`. */
  readonly folder: string;
  /** Needed the first time; later it must lie on the way to the newest root. */
  readonly firstTrust: FirstTrust | null;
  readonly now: Date;
  readonly onTarget?: (target: TrustedTarget, receivedBytes: number) => void;
}

export interface MirrorReport {
  /** Of the snapshot that the folder has now. */
  readonly snapshot: number;
  /** Clients take the folder for frozen from then on: mirror again before. */
  readonly expiresAt: string;
  readonly fetched: readonly string[];
  /** Files that were there already. */
  readonly current: number;
  /** Targets that the token's license does not cover: clients get 404 for them. */
  readonly leftOut: readonly string[];
  readonly removed: number;
}

/**
 * Makes a folder the copy of a repository: verified as an endpoint verifies it, with the metadata that is there already
 * as the mark against rollback. Targets come first and the timestamp last, so that the folder is whole at any moment;
 * files of the release before stay for clients that are in the middle of an update, older ones go.
 *
 * @throws ScannerError `root-missing`, `root-mismatch`, `root-digest`, `metadata-…`, `target-…`; BaseError `lock-held`
 */
export async function mirrorRepository(order: MirrorOrder): Promise<MirrorReport> {
  return withLock(`${order.folder}.lock`, () => mirrorOnce(order));
}

async function mirrorOnce({ source, folder, firstTrust, now, onTarget }: MirrorOrder): Promise<MirrorReport> {
  const held = await loadHeld(folder);
  const metadata = new Map<string, Uint8Array>(held.roots);
  const recording: RepositorySource = {
    ...source,
    metadata: async (name, maxBytes) => {
      const bytes = await source.metadata(name, maxBytes);
      if (bytes !== null) metadata.set(name, bytes);
      return bytes;
    },
  };
  const start = { source: recording, known: held.known, keep: keepNothing };
  const followed = await refreshTrust(start, await startingRoot(held.roots, recording, firstTrust), now);
  const { trusted } = followed;
  if (firstTrust) requireOnTheWay(metadata, firstTrust);
  const snapshot = parseMetadata('snapshot', trusted.files.get('snapshot') ?? new Uint8Array()).signed;
  const targets = await allTargets(followed, snapshot);

  const outcome = { fetched: [] as string[], current: 0, leftOut: [] as string[] };
  for (const target of targets) {
    const path = join(folder, 'targets', consistentName(target.path, target.sha256));
    const stored = await readFileIfPresent(path, maxPackBytes);
    if (stored !== null && sha256Hex(stored) === target.sha256) outcome.current += 1;
    else {
      const bytes = await fetchUnlessForeign(source, target, onTarget);
      if (bytes === null) outcome.leftOut.push(target.path);
      else {
        await writeFileAtomic(path, bytes);
        outcome.fetched.push(target.path);
      }
    }
  }
  const names = await saveMetadata(folder, metadata, trusted, snapshot);
  for (const { path, sha256 } of targets) names.add(`targets/${consistentName(path, sha256)}`);
  const removed = await removeOthers(folder, new Set([...names, ...held.names]));
  const { staleAfter: expiresAt } = trusted.ends;
  return { snapshot: snapshot.version, expiresAt, ...outcome, removed };
}

interface Held {
  /** By name on the wire. */
  readonly roots: ReadonlyMap<string, Uint8Array>;
  /** As `refreshTrust` takes it. */
  readonly known: ReadonlyMap<string, Uint8Array>;
  /** Every file of the release that the folder has, relative to it. */
  readonly names: ReadonlySet<string>;
}

/** What an earlier run left; what is broken is as good as absent. */
async function loadHeld(folder: string): Promise<Held> {
  const read = (name: string) => readFileIfPresent(join(folder, 'metadata', name), metadataMaxBytes.targets);
  const roots = new Map<string, Uint8Array>();
  for (let version = 1; ; version++) {
    const bytes = await read(`${version}.root.json`);
    if (bytes === null) break;
    roots.set(`${version}.root.json`, bytes);
  }
  const known = new Map<string, Uint8Array>();
  const names = new Set<string>();
  const timestampBytes = await read('timestamp.json');
  const timestamp = timestampBytes && unlessRefused(() => parseMetadata('timestamp', timestampBytes).signed);
  if (!timestampBytes || !timestamp) return { roots, known, names };
  known.set('timestamp', timestampBytes);
  const snapshotName = `${timestamp.meta['snapshot.json'].version}.snapshot.json`;
  const snapshotBytes = await read(snapshotName);
  const snapshot = snapshotBytes && unlessRefused(() => parseMetadata('snapshot', snapshotBytes).signed);
  if (!snapshotBytes || !snapshot) return { roots, known, names };
  known.set('snapshot', snapshotBytes);
  names.add(`metadata/${snapshotName}`);
  for (const { role, name } of roleFiles(snapshot)) {
    const bytes = await read(name);
    const targets = bytes && unlessRefused(() => parseMetadata('targets', bytes).signed.targets);
    if (!bytes || !targets) continue;
    known.set(role, bytes);
    names.add(`metadata/${name}`);
    for (const [path, { hashes }] of Object.entries(targets))
      names.add(`targets/${consistentName(path, hashes.sha256)}`);
  }
  return { roots, known, names };
}

function roleFiles({ meta }: SnapshotRole): { role: string; name: string }[] {
  return Object.entries(meta).map(([file, { version }]) => ({
    role: file.replace(/\.json$/, ''),
    name: `${version}.${file}`,
  }));
}

async function startingRoot(
  roots: Held['roots'],
  source: RepositorySource,
  firstTrust: FirstTrust | null,
): Promise<Uint8Array> {
  const newest = [...roots.values()].at(-1);
  if (newest) return newest;
  if (firstTrust === null)
    throw new ScannerError('root-missing', 'mirror: expected a trusted root, got a new folder', {
      hint: 'the first time, run yms mirror with --root FILE or --root-sha256 HEX',
    });
  const first = await source.metadata('1.root.json', metadataMaxBytes.root);
  if (first === null)
    throw new ScannerError('metadata-missing', '1.root.json: expected a root in the repository, got none');
  return first;
}

async function allTargets(followed: Followed, snapshot: SnapshotRole): Promise<TrustedTarget[]> {
  const targets: TrustedTarget[] = [];
  for (const { role } of roleFiles(snapshot)) {
    await readRole(followed, role);
    const signed: TargetsRole = parseMetadata('targets', followed.trusted.files.get(role) ?? new Uint8Array()).signed;
    for (const path of Object.keys(signed.targets)) {
      const target = await findTarget(followed, path);
      if (target?.role === role) targets.push(target);
    }
  }
  return targets.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Null for a target that the token may not have. */
async function fetchUnlessForeign(
  source: RepositorySource,
  target: TrustedTarget,
  onTarget: MirrorOrder['onTarget'],
): Promise<Uint8Array | null> {
  try {
    return await source.target(target, (received) => onTarget?.(target, received));
  } catch (error) {
    if (error instanceof ScannerError && error.code === 'not-entitled') return null;
    throw error;
  }
}

/** Parents after their children, the timestamp last. Answers the names, relative to the folder. */
async function saveMetadata(
  folder: string,
  roots: ReadonlyMap<string, Uint8Array>,
  trusted: TrustedMetadata,
  snapshot: SnapshotRole,
): Promise<Set<string>> {
  const files: [string, Uint8Array | undefined][] = [
    ...[...roots].filter(([name]) => name.endsWith('.root.json')),
    ...roleFiles(snapshot).map(({ role, name }) => [name, trusted.files.get(role)] as [string, Uint8Array | undefined]),
    [`${snapshot.version}.snapshot.json`, trusted.files.get('snapshot')],
    ['timestamp.json', trusted.files.get('timestamp')],
  ];
  for (const [name, bytes] of files) if (bytes) await writeFileAtomic(join(folder, 'metadata', name), bytes);
  return new Set(files.map(([name]) => `metadata/${name}`));
}

/** Names that a mirror writes, and no others, are ever removed. */
const ownNames =
  /^(?:metadata\/\d+\.[a-z0-9-]+\.json|targets\/(?:[a-z0-9-]+\/[a-z0-9-]+\/)?[0-9a-f]{64}\.[a-z0-9.-]+)$/;

async function removeOthers(folder: string, keep: ReadonlySet<string>): Promise<number> {
  let removed = 0;
  for (const top of ['metadata', 'targets']) {
    const entries = await readdir(join(folder, top), { recursive: true, withFileTypes: true }).catch(
      (error: unknown) => {
        if (systemCode(error) === 'ENOENT') return [];
        throw error;
      },
    );
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const name = relative(folder, path).split(sep).join('/');
      if (!entry.isFile() || !ownNames.test(name) || /\.root\.json$/.test(name) || keep.has(name)) continue;
      await rm(path, { force: true });
      removed += 1;
    }
  }
  return removed;
}
