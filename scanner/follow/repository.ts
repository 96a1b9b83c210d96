import { sha256Hex } from '../../base/bytes.js';
import { keysJsonMaxBytes, keysJsonPath, type KeysJson, parseKeysJson } from '../../keys/keys-json.js';
import { ScannerError } from '../error.js';
import type { Home } from '../state/home.js';
import type { RepositorySource } from './fetcher.js';
import { loadMetadata, loadTrustedRoot, MetadataFolder } from './metadata-folder.js';
import { findTarget, type Followed, type Keep, refreshTrust } from './refresh.js';
import { namedByClock } from './server-time.js';
import type { TrustedTarget } from './trusted-metadata.js';

/** `keys.json` lies beside the metadata; no role may have that name. */
const keysFile = 'keys';

/**
 * A repository at one moment, verified against the root that this endpoint trusts. What it hands out is signed for. Every
 * file is kept as soon as it was verified, so that a broken answer never makes an endpoint forget a newer root or
 * timestamp; only a first root, which nobody has agreed to yet, waits for `keepFirstTrust`.
 */
export class Repository {
  readonly source: RepositorySource;
  readonly #followed: Followed;
  readonly #folder: MetadataFolder;

  private constructor(followed: Followed, folder: MetadataFolder) {
    this.source = followed.source;
    this.#followed = followed;
    this.#folder = folder;
  }

  /**
   * Starts from what is trusted already, or from a `carriedRoot` that is about to be.
   *
   * @throws ScannerError `root-missing`, `clock-ahead` for `metadata-expired` where the server has another time, and what `refreshTrust` throws; BaseError `disk-full`, `file-unwritable`
   */
  static async refresh(
    home: Home,
    source: RepositorySource,
    now: Date,
    carriedRoot: Uint8Array | null = null,
  ): Promise<Repository> {
    const known = await loadMetadata(home);
    const { bytes: root, isFirst } = await loadTrustedRoot(home, known, carriedRoot);
    const folder = new MetadataFolder(home, isFirst);
    const keep: Keep = (role, bytes) => folder.keep(role, bytes);
    const stored = known.get('root');
    if (!stored || sha256Hex(stored) !== sha256Hex(root)) await keep('root', root);
    try {
      return new Repository(await refreshTrust({ source, known, keep }, root, now), folder);
    } catch (error) {
      throw namedByClock(error, now, source.serverTime?.() ?? null);
    }
  }

  /** Whether its timestamp or snapshot has expired, which only a carried one may have. */
  get isStale(): boolean {
    return this.#followed.trusted.isStale;
  }

  /** Null when no role lists the path. @throws what the deciding role is refused for */
  find(path: string): Promise<TrustedTarget | null> {
    return findTarget(this.#followed, path);
  }

  /** The license and distribution keys, from the one target that needs no license. */
  async keysJson(): Promise<KeysJson> {
    const target = await this.find(keysJsonPath);
    if (target === null || target.length > keysJsonMaxBytes)
      throw new ScannerError(
        'target-missing',
        `${keysJsonPath}: expected at most ${keysJsonMaxBytes} bytes, got ${target?.length ?? 'no such target'}`,
      );
    const stored = this.#followed.known.get(keysFile);
    if (stored !== undefined && sha256Hex(stored) === target.sha256) return parseKeysJson(stored);
    const bytes = await this.source.target(target);
    const keys = parseKeysJson(bytes);
    await this.#followed.keep(keysFile, bytes);
    return keys;
  }

  /** The first root is agreed to: what was verified under it is kept, and all that comes. */
  keepFirstTrust(): Promise<void> {
    return this.#folder.keepWaiting();
  }

  /** Removes what is kept of roles that the snapshot no longer names, and what a killed command left. */
  prune(): Promise<void> {
    return this.#folder.keepOnly(['root', 'timestamp', 'snapshot', keysFile, ...this.#followed.trusted.roles]);
  }
}
