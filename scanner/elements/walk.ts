import type { Dirent, Stats } from 'node:fs';
import { lstat, opendir, readlink, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { compareUtf8 } from '../../base/bytes.js';
import { systemCode } from '../../base/error.js';
import type { Failure } from '../scan/logs.js';
import type { Troubles } from './trouble.js';

export type Found =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number }
  /** Not followed: what it leads to is looked at where it lies. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const maxFolderDepth = 128;

/** File systems that hold no files of anybody, some of them without end: proc, sysfs, cgroup, debugfs, tracefs and their like. */
const foreignFileSystems = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x1cd1, 0x73636673, 0xcafe4a11, 0x6165676c,
  0xf15f, 0x65735543, 0x19800202, 0xde5e81e4,
]); // prettier-ignore

export interface WalkOptions {
  readonly troubles: Troubles;
  readonly fail: (failure: Failure) => void;
}

/**
 * The files and links below the paths, folder by folder, names in the order of their UTF-8 bytes; one with several names once
 * for each. A path that is a link is followed. Devices, pipes and sockets are counted and passed over, and so are file
 * systems of the kernel's own unless one is named.
 */
export async function* walk(paths: readonly string[], options: WalkOptions): AsyncGenerator<Found> {
  const seen = new Set<string>();
  for (const path of paths) {
    const info = await stat(path).catch((error: unknown) => refuse(path, error, options));
    if (info === null) continue;
    if (info.isFile()) yield { kind: 'file', path, bytes: info.size };
    else if (info.isDirectory()) yield* walkFolder({ path, info, depth: 0 }, seen, options);
    else
      options.fail({ path, code: 'file-special', message: `${path}: expected a file or folder, got something else` });
  }
}

interface Folder {
  readonly path: string;
  readonly info: Stats;
  readonly depth: number;
}

async function* walkFolder(folder: Folder, seen: Set<string>, options: WalkOptions): AsyncGenerator<Found> {
  const { troubles } = options;
  const key = `${folder.info.dev}:${folder.info.ino}`;
  if (seen.has(key)) return; // named twice, or mounted inside itself
  seen.add(key);
  const names = await namesIn(folder.path).catch((error: unknown) => refuse(folder.path, error, options));
  for (const entry of names ?? []) {
    const path = join(folder.path, entry.name);
    if (entry.isSymbolicLink()) {
      const target = await readlink(path).catch(() => null);
      if (target !== null) yield { kind: 'link', path, target };
      continue;
    }
    const info = await lstat(path).catch((error: unknown) => refuse(path, error, options));
    if (info === null) continue;
    if (info.isFile()) yield { kind: 'file', path, bytes: info.size };
    else if (!info.isDirectory())
      troubles.add('file-special', path, `${path}: expected a file or folder, got a device, pipe or socket`);
    else if (folder.depth + 1 >= maxFolderDepth)
      troubles.add('folder-depth', path, `${path}: expected at most ${maxFolderDepth} levels of folders, got more`);
    else if (info.dev !== folder.info.dev && (await isForeign(path)))
      troubles.add('folder-foreign', path, `${path}: expected files of a disk, got a file system of the kernel`);
    else yield* walkFolder({ path, info, depth: folder.depth + 1 }, seen, options);
  }
}

async function namesIn(folder: string): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  for await (const entry of await opendir(folder)) entries.push(entry);
  return entries.sort((a, b) => compareUtf8(a.name, b.name));
}

async function isForeign(path: string): Promise<boolean> {
  const info = await statfs(path).catch(() => null);
  return info !== null && foreignFileSystems.has(info.type);
}

/** What goes away while it is looked at is nobody's fault. */
function refuse(path: string, error: unknown, { fail }: WalkOptions): null {
  const isMissing = systemCode(error) === 'ENOENT';
  if (systemCode(error) === undefined) throw error;
  fail(
    isMissing
      ? { path, code: 'file-missing', message: 'expected a log or a folder, got nothing there' }
      : {
          path,
          code: 'file-unreadable',
          message: `expected a readable file or folder, got ${(error as Error).message}`,
        },
  );
  return null;
}
