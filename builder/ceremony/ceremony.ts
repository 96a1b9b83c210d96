import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../base/bytes.js';
import { readFileAtMost, readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { systemCode } from '../../base/error.js';
import { type KeysJson, keysJsonMaxBytes, keysJsonPath, parseKeysJson } from '../../keys/keys-json.js';
import { encodeMetadata, parseMetadata, type SignedMetadata } from '../../keys/metadata.js';
import type { RoleBodies, RootRole, TargetsRole } from '../../keys/roles.js';
import { BuilderError } from '../error.js';

/** What tuf-js accepts of a targets file; a root is far smaller. */
export const maxMetadataBytes = 5_000_000;

/** The ceremony works on files in one folder: `N.root.json`, `N.targets.json`, `keys.json`. */
export interface MetadataFile<T extends RootRole | TargetsRole> {
  readonly path: string;
  readonly metadata: SignedMetadata<T>;
}

/** The versions of `N.<role>.json` in the folder, ascending; empty when there is no such folder. */
export async function listVersions(folder: string, role: string): Promise<number[]> {
  const pattern = new RegExp(`^([1-9]\\d{0,8})\\.${role}\\.json$`);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw cause;
  }
  return names
    .map((name) => Number(pattern.exec(name)?.[1]))
    .filter((version) => version > 0)
    .sort((a, b) => a - b);
}

export async function loadMetadataFile<K extends 'root' | 'targets'>(
  kind: K,
  path: string,
): Promise<MetadataFile<RoleBodies[K]>> {
  const metadata = parseMetadata(kind, await readFileAtMost(path, maxMetadataBytes), path);
  return { path, metadata };
}

/** The newest `N.<kind>.json` of the folder, or null when there is none. */
export async function loadNewest<K extends 'root' | 'targets'>(
  kind: K,
  folder: string,
): Promise<MetadataFile<RoleBodies[K]> | null> {
  const version = (await listVersions(folder, kind)).at(-1);
  return version === undefined ? null : await loadMetadataFile(kind, join(folder, `${version}.${kind}.json`));
}

/** @throws BuilderError `metadata-missing` */
export async function requireNewest<K extends 'root' | 'targets'>(
  kind: K,
  folder: string,
): Promise<MetadataFile<RoleBodies[K]>> {
  const newest = await loadNewest(kind, folder);
  if (newest === null)
    throw new BuilderError('metadata-missing', `${folder}: expected a file such as 1.${kind}.json, got none`);
  return newest;
}

/** `N.<role>.json` in the folder. */
export function metadataPath(folder: string, { signed }: SignedMetadata<RootRole | TargetsRole>): string {
  return join(folder, `${signed.version}.${signed._type}.json`);
}

/** Replaces the file whole or not at all. */
export async function saveMetadataFile(path: string, metadata: SignedMetadata<RootRole | TargetsRole>): Promise<void> {
  await writeFileAtomic(path, encodeMetadata(metadata));
}

/**
 * The `keys.json` of the folder, which must be the one that `targets` lists; null when it lists none yet.
 *
 * @throws BuilderError `metadata-missing` when the file is gone, `metadata-mismatch` when it is another; KeyError
 */
export async function loadListedKeys(folder: string, targets: TargetsRole): Promise<KeysJson | null> {
  const target = targets.targets[keysJsonPath];
  if (!target) return null;
  const path = join(folder, keysJsonPath);
  const bytes = await readFileIfPresent(path, keysJsonMaxBytes);
  if (bytes === null)
    throw new BuilderError('metadata-missing', `${path}: expected the file that targets lists, got none`, {
      hint: 'take the newest keys.json from a copy of this folder, or from the server: it is public',
    });
  if (bytes.length !== target.length || sha256Hex(bytes) !== target.hashes.sha256)
    throw new BuilderError(
      'metadata-mismatch',
      `${path}: expected sha256 ${target.hashes.sha256} as targets ${targets.version} lists it, got ${sha256Hex(bytes)}`,
      { hint: 'it belongs to another version of targets: take the one that was signed with this version' },
    );
  return parseKeysJson(bytes, path);
}
