import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/error.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { parseFollowedRoot } from '../../keys/followed-root.js';
import { verifySelfSigned } from '../../keys/root.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import { ScannerError, unlessRefused } from '../error.js';
import { keepOnly, type Home } from '../state/home.js';
import type { TrustedFiles } from './trusted-metadata.js';

/**
 * The kept metadata of an endpoint: for each role the newest file that was verified, replaced whole. The files need not
 * be of one moment: each is verified again when the next update starts from it, and nothing but an update relies on them.
 */
export class MetadataFolder {
  readonly #home: Home;
  /** Null once files are kept at once. */
  #waiting: Map<string, Uint8Array> | null;

  /** With `waits`, files are held back until {@link keepWaiting}. */
  constructor(home: Home, waits: boolean) {
    this.#home = home;
    this.#waiting = waits ? new Map() : null;
  }

  /** @throws BaseError `disk-full`, `file-unwritable` */
  async keep(role: string, bytes: Uint8Array): Promise<void> {
    if (this.#waiting) this.#waiting.set(role, bytes);
    else await writeFileAtomic(join(this.#home.metadata, keptName(role)), bytes);
  }

  async keepWaiting(): Promise<void> {
    const waiting = this.#waiting ?? new Map<string, Uint8Array>();
    this.#waiting = null;
    for (const [role, bytes] of waiting) await this.keep(role, bytes);
  }

  async keepOnly(roles: readonly string[]): Promise<void> {
    await keepOnly(this.#home.metadata, new Set(roles.map(keptName)));
  }
}

function keptName(role: string): string {
  return `${role}.json`;
}

/** The kept files by role; empty when the folder is gone, since all of it can be fetched again. */
export async function loadMetadata({ metadata: folder }: Home): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let entries: string[];
  try {
    entries = await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return files;
    throw error;
  }
  for (const entry of entries) {
    const role = /^([a-z0-9-]+)\.json$/.exec(entry)?.[1];
    const bytes = role === undefined ? null : await readFileIfPresent(join(folder, entry), metadataMaxBytes.targets);
    if (role !== undefined && bytes !== null) files.set(role, bytes); // an update may remove it meanwhile
  }
  return files;
}

export interface StartingRoot {
  readonly bytes: Uint8Array;
  /** Whether nothing was trusted before: it comes from a carried root. */
  readonly isFirst: boolean;
}

/**
 * The root to start from: the highest-versioned of the one that people carried here once, the kept one and the carried
 * one, of those that verify. A broken kept root so costs a few requests and no trust.
 *
 * @throws ScannerError `root-missing`
 */
export async function loadTrustedRoot(
  home: Home,
  files: TrustedFiles,
  carriedRoot: Uint8Array | null = null,
): Promise<StartingRoot> {
  const anchor = await readFileIfPresent(home.anchor, metadataMaxBytes.root);
  const versionOf = (bytes: Uint8Array): number =>
    unlessRefused(() => verifySelfSigned(parseFollowedRoot(bytes)).version) ?? 0;
  const trusted = highest([anchor, files.get('root') ?? null], versionOf);
  const best = highest([trusted, carriedRoot], versionOf);
  if (best === null)
    throw new ScannerError('root-missing', `${home.anchor}: expected a trusted root, got none that verifies`, {
      hint: 'activate with --root FILE or --root-sha256 HEX',
    });
  return { bytes: best, isFirst: trusted === null };
}

/** The first of those with the highest version, of those that have one above 0. */
function highest(
  candidates: readonly (Uint8Array | null)[],
  versionOf: (bytes: Uint8Array) => number,
): Uint8Array | null {
  let best: { readonly version: number; readonly bytes: Uint8Array } | null = null;
  for (const bytes of candidates) {
    const version = bytes === null ? 0 : versionOf(bytes);
    if (bytes !== null && version > (best?.version ?? 0)) best = { version, bytes };
  }
  return best?.bytes ?? null;
}
