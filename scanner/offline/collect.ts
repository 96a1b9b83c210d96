import { sha256Hex } from '../../base/bytes.js';
import { keysJsonMaxBytes, keysJsonPath } from '../../keys/keys-json.js';
import { parseFollowedRoot } from '../../keys/followed-root.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import type { CarriedRepository } from '../../packs/bundle-entry.js';
import { ScannerError } from '../error.js';
import type { RepositorySource } from '../follow/fetcher.js';
import type { FirstTrust } from '../follow/first-trust.js';
import { findTarget, keepNothing, refreshTrust } from '../follow/refresh.js';
import type { TrustedMetadata, TrustedTarget } from '../follow/trusted-metadata.js';

/** All that an endpoint would ask a repository for, whatever it knows already. */
export interface Collected extends CarriedRepository {
  readonly trusted: TrustedMetadata;
  /** What the roles say of the paths that were asked for, in their order. */
  readonly targets: readonly TrustedTarget[];
}

/**
 * Goes through a repository as an endpoint that knows nothing does, and keeps every metadata file that it was given. What
 * is collected is one set that verifies. With `firstTrust` it is also under that root; without it only whoever reads the
 * set later can tell.
 *
 * @throws ScannerError `root-mismatch`, `root-digest`, `target-missing`, `metadata-…`; BaseError `http-…`
 */
export async function collectRepository(
  source: RepositorySource,
  paths: readonly string[],
  now: Date,
  firstTrust: FirstTrust | null,
): Promise<Collected> {
  const metadata = new Map<string, Uint8Array>();
  const recording: RepositorySource = {
    ...source,
    metadata: async (name, maxBytes) => {
      const bytes = await source.metadata(name, maxBytes);
      if (bytes !== null) metadata.set(name, bytes);
      return bytes;
    },
  };
  const firstRoot = await recording.metadata('1.root.json', metadataMaxBytes.root);
  if (firstRoot === null)
    throw new ScannerError('metadata-missing', '1.root.json: expected a root in the repository, got none');
  const followed = await refreshTrust({ source: recording, known: new Map(), keep: keepNothing }, firstRoot, now);
  if (firstTrust) requireOnTheWay(metadata, firstTrust);

  const find = async (path: string): Promise<TrustedTarget> => {
    const target = await findTarget(followed, path);
    if (target === null)
      throw new ScannerError('target-missing', `${path}: expected a role to list it, got no such target`);
    return target;
  };
  const keysTarget = await find(keysJsonPath);
  if (keysTarget.length > keysJsonMaxBytes)
    throw new ScannerError(
      'target-mismatch',
      `${keysJsonPath}: expected at most ${keysJsonMaxBytes} bytes, got ${keysTarget.length}`,
    );
  const keysJson = await source.target(keysTarget);
  const targets: TrustedTarget[] = [];
  for (const path of paths) targets.push(await find(path));
  return { trusted: followed.trusted, metadata, keysJson, targets };
}

/** The carried root must be one of those that led from the first to the newest. */
export function requireOnTheWay(metadata: ReadonlyMap<string, Uint8Array>, firstTrust: FirstTrust): void {
  const isCarried = 'root' in firstTrust;
  const name = isCarried
    ? `${parseFollowedRoot(firstTrust.root, 'carried root').signed.version}.root.json`
    : '1.root.json';
  const expected = isCarried ? sha256Hex(firstTrust.root) : firstTrust.rootSha256.toLowerCase();
  const bytes = metadata.get(name);
  const got = bytes === undefined ? 'none' : sha256Hex(bytes);
  if (got !== expected)
    throw new ScannerError(
      isCarried ? 'root-mismatch' : 'root-digest',
      `${name}: expected sha256 ${expected}, got ${got}`,
    );
}
