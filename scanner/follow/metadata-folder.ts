import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256, sha256Hex, utf8 } from '../../base/bytes.js';
import { systemCode } from '../../base/error.js';
import { readFileIfPresent, unwritable, writeFileAtomic } from '../../base/files.js';
import { parseMetadata } from '../../keys/metadata.js';
import { verifySelfSigned } from '../../keys/root.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import { ScannerError, unlessRefused } from '../error.js';
import { type Home } from '../state/home.js';
import type { TrustedFiles } from './trust.js';

/** A digest of a set's content: the name of its folder. */
export function metadataName(files: TrustedFiles): string {
  const sorted = [...files.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Hex(...sorted.flatMap(([role, bytes]) => [utf8(`${role}\n`), sha256(bytes)])).slice(0, 32);
}

/**
 * Saves a verified set of metadata as a folder of its own beside the trusted one, and answers its name. Nothing counts
 * until the pointer names the folder, so a kill half-way leaves the old set whole.
 */
export async function saveMetadata(home: Home, files: TrustedFiles): Promise<string> {
  const name = metadataName(files);
  const folder = join(home.metadata, name);
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unwritable(folder, cause);
  });
  for (const [role, bytes] of files) await writeFileAtomic(join(folder, `${role}.json`), bytes);
  return name;
}

/** The files of a saved set; empty when the folder is gone, since all of it can be fetched again. */
export async function loadMetadata(home: Home, name: string | null): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  if (name === null) return files;
  const folder = join(home.metadata, name);
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
    if (role !== undefined && bytes !== null) files.set(role, bytes); // an update may clear the folder away meanwhile
  }
  return files;
}

/**
 * The root to start from: the higher-versioned of the one that people carried here and the stored one, of those that
 * verify. A broken stored root so costs a few requests and no trust.
 *
 * @throws ScannerError `root-missing`
 */
export async function loadTrustedRoot(
  home: Home,
  files: TrustedFiles,
  carriedRoot: Uint8Array | null = null,
): Promise<Uint8Array> {
  const anchor = await readFileIfPresent(home.anchor, metadataMaxBytes.root);
  const candidates = [carriedRoot, anchor, files.get('root') ?? null];
  let best: { version: number; bytes: Uint8Array } | null = null;
  for (const bytes of candidates) {
    const version = bytes && unlessRefused(() => verifySelfSigned(parseMetadata('root', bytes)).version);
    if (bytes !== null && version !== null && version > (best?.version ?? 0)) best = { version, bytes };
  }
  if (best === null)
    throw new ScannerError('root-missing', `${home.anchor}: expected a trusted root, got none that verifies`, {
      hint: 'activate with --root FILE or --root-sha256 HEX',
    });
  return best.bytes;
}
