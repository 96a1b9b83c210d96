import { sha256Hex } from '../../base/bytes.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { parseFollowedRoot } from '../../keys/followed-root.js';
import { rolePolicy, verifyMetadata } from '../../keys/metadata.js';
import { verifySelfSigned } from '../../keys/root.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import { refusedOrThrow, ScannerError } from '../error.js';
import type { RepositorySource } from './fetcher.js';
import type { Home } from '../state/home.js';
import { loadMetadata, loadTrustedRoot } from './metadata-folder.js';
import type { Repository } from './repository.js';

/** What people carried here to begin to trust: the root itself, or the SHA-256 of the repository's `1.root.json`. */
export type FirstTrust = { readonly root: Uint8Array } | { readonly rootSha256: string };

/**
 * The carried root; once one is trusted, it must be of the same trust domain. Never trust on first use.
 *
 * @throws KeyError `metadata-malformed`, `signature-threshold`; ScannerError `root-digest`, `root-mismatch`,
 * `metadata-missing`
 */
export async function carriedRootOf(home: Home, source: RepositorySource, firstTrust: FirstTrust): Promise<Uint8Array> {
  const bytes = 'root' in firstTrust ? firstTrust.root : await fetchFirstRoot(source, firstTrust.rootSha256);
  const carried = parseFollowedRoot(bytes, 'carried root');
  verifySelfSigned(carried);
  const anchor = await readFileIfPresent(home.anchor, metadataMaxBytes.root);
  if (anchor === null || sha256Hex(anchor) === sha256Hex(bytes)) return bytes;

  const { bytes: trusted } = await loadTrustedRoot(home, await loadMetadata(home));
  try {
    verifyMetadata(carried, rolePolicy(parseFollowedRoot(trusted).signed, 'root'), 'carried root');
    return bytes;
  } catch (cause) {
    throw new ScannerError(
      'root-mismatch',
      'root: expected one of the trust domain that is trusted already, got one that its root keys did not sign',
      {
        cause: refusedOrThrow(cause),
        hint: `set YMS_HOME to a new folder to follow another publisher`,
      },
    );
  }
}

async function fetchFirstRoot(source: RepositorySource, rootSha256: string): Promise<Uint8Array> {
  const bytes = await source.metadata('1.root.json', metadataMaxBytes.root);
  if (bytes === null)
    throw new ScannerError('metadata-missing', '1.root.json: expected a root in the repository, got none');
  if (sha256Hex(bytes) !== rootSha256.toLowerCase())
    throw new ScannerError(
      'root-digest',
      `1.root.json: expected sha256 ${rootSha256.toLowerCase()}, got ${sha256Hex(bytes)}`,
    );
  return bytes;
}

/** From here on the endpoint starts from the carried root, if it had none, and from what was verified under it. */
export async function saveTrust(home: Home, repository: Repository, carriedRoot: Uint8Array | null): Promise<void> {
  const anchor = await readFileIfPresent(home.anchor, metadataMaxBytes.root);
  if (anchor === null && carriedRoot !== null) await writeFileAtomic(home.anchor, carriedRoot);
  await repository.keepFirstTrust();
}
