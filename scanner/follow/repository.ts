import { sha256Hex } from '../../base/bytes.js';
import { keysJsonMaxBytes, keysJsonPath, type KeysJson, parseKeysJson } from '../../keys/keys-json.js';
import { ScannerError } from '../error.js';
import type { RepositorySource } from './fetcher.js';
import type { Home } from '../state/home.js';
import { loadMetadata, loadTrustedRoot, metadataName, saveMetadata } from './metadata-folder.js';
import { filesToKeep, findTarget, refreshTrust } from './refresh.js';
import type { Trust, TrustedTarget } from './trust.js';

/** `keys.json` lies beside the metadata of its generation; no role may have that name. */
const keysFile = 'keys';

/** A repository at one moment, verified against the root that this endpoint trusts. What it hands out is signed for. */
export class Repository {
  readonly source: RepositorySource;
  readonly #trust: Trust;
  readonly #known: Map<string, Uint8Array>;

  /** The folder that holds all of what is known, undamaged. */
  #saved: string;

  private constructor(source: RepositorySource, trust: Trust, known: Map<string, Uint8Array>) {
    this.source = source;
    this.#trust = trust;
    this.#known = known;
    this.#saved = metadataName(known);
  }

  /**
   * Starts from the folder `metadata` and the roots that are trusted already, or from a `carriedRoot` that is about to be.
   *
   * @throws ScannerError `root-missing`, and what `refreshTrust` throws
   */
  static async refresh(
    home: Home,
    metadata: string | null,
    source: RepositorySource,
    now: Date,
    carriedRoot: Uint8Array | null = null,
  ): Promise<Repository> {
    const known = await loadMetadata(home, metadata);
    const trust = await refreshTrust(source, await loadTrustedRoot(home, known, carriedRoot), known, now);
    return new Repository(source, trust, known);
  }

  /** Whether its timestamp or snapshot has expired, which only a carried one may have. */
  get isStale(): boolean {
    return this.#trust.isStale;
  }

  /** Null when no role lists the path. @throws what the deciding role is refused for */
  find(path: string): Promise<TrustedTarget | null> {
    return findTarget(this.#trust, this.source, this.#known, path);
  }

  /** The license and distribution keys, from the one target that needs no license. */
  async keysJson(): Promise<KeysJson> {
    const target = await this.find(keysJsonPath);
    if (target === null || target.length > keysJsonMaxBytes)
      throw new ScannerError(
        'target-missing',
        `${keysJsonPath}: expected at most ${keysJsonMaxBytes} bytes, got ${target?.length ?? 'no such target'}`,
      );
    const stored = this.#known.get(keysFile);
    const isCurrent = stored !== undefined && sha256Hex(stored) === target.sha256;
    const bytes = isCurrent ? stored : await this.source.target(target);
    this.#known.set(keysFile, bytes);
    return parseKeysJson(bytes);
  }

  /** Saves what was verified, as a new folder unless nothing is new, and answers its name; see `saveMetadata`. */
  async save(home: Home): Promise<string> {
    const files = filesToKeep(this.#trust, this.#known);
    const keys = this.#known.get(keysFile);
    if (keys) files.set(keysFile, keys);
    if (metadataName(files) !== this.#saved) this.#saved = await saveMetadata(home, files);
    return this.#saved;
  }
}
