import { type Dirent, lstatSync, type Stats } from 'node:fs';
import { fileKind } from '../../base/files.js';
import { opendir, readlink, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { compareUtf8 } from '../../base/bytes.js';
import { systemCode } from '../../base/error.js';
import type { Failure } from '../input/logs.js';
import type { Diagnostic, TroubleCode } from '../input/diagnostic.js';

export type Found =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly bytes: number;
      /** Somebody named this very path, which may be a link. */
      readonly isNamed: boolean;
    }
  /** Not followed: what it leads to is looked at where it lies. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A device, pipe or socket, which is not opened. */
  | { readonly kind: 'special'; readonly path: string }
  | { readonly kind: 'diagnostic'; readonly diagnostic: Diagnostic }
  | { readonly kind: 'failure'; readonly failure: Failure };

const maxFolderDepth = 128;

/** File systems that hold no files of anybody, some of them without end: proc, sysfs, cgroup, debugfs, tracefs and their like. */
const foreignFileSystems = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x1cd1, 0x73636673, 0xcafe4a11, 0x6165676c,
  0xf15f, 0x65735543, 0x19800202, 0xde5e81e4,
]); // prettier-ignore

/**
 * The files and links below the paths, folder by folder, names in the order of their UTF-8 bytes; one with several names once
 * for each. A path that is a link is followed. File systems of the kernel's own are passed over unless one is named. What
 * cannot be looked into comes in its place.
 */
export async function* walk(paths: readonly string[]): AsyncGenerator<Found> {
  const seen = new Set<string>();
  for (const path of paths) {
    const info = await stat(path).catch((error: unknown) => failureOf(path, error));
    if ('failure' in info) yield info;
    else if (info.isFile()) yield { kind: 'file', path, bytes: info.size, isNamed: true };
    else if (info.isDirectory()) yield* walkFolder({ path, info, depth: 0 }, seen);
    else {
      const message = `${path}: expected a file or folder, got ${fileKind(info)}`;
      yield { kind: 'failure', failure: { path, code: 'file-special', message } };
    }
  }
}

interface Folder {
  readonly path: string;
  readonly info: Stats;
  readonly depth: number;
}

async function* walkFolder(folder: Folder, seen: Set<string>): AsyncGenerator<Found> {
  const key = `${folder.info.dev}:${folder.info.ino}`;
  if (seen.has(key)) return; // named twice, or mounted inside itself
  seen.add(key);
  const names = await namesIn(folder.path).catch((error: unknown) => wentWrong(folder.path, error));
  if ('kind' in names) {
    yield names;
    return;
  }
  for (const entry of names) {
    const path = join(folder.path, entry.name);
    if (entry.isSymbolicLink()) {
      const target = await readlink(path).catch((error: unknown) => wentWrong(path, error));
      yield typeof target === 'string' ? { kind: 'link', path, target } : target;
      continue;
    }
    const info = statOf(path);
    if ('kind' in info) yield info;
    else if (info.isFile()) yield { kind: 'file', path, bytes: info.size, isNamed: false };
    else if (!info.isDirectory()) yield { kind: 'special', path };
    else if (folder.depth + 1 >= maxFolderDepth)
      yield troubleOf('folder-depth', path, `expected at most ${maxFolderDepth} levels of folders, got more`);
    else if (info.dev !== folder.info.dev && (await isForeign(path)))
      yield troubleOf('folder-foreign', path, 'expected files of a disk, got a file system of the kernel');
    else yield* walkFolder({ path, info, depth: folder.depth + 1 }, seen);
  }
}

/** At once, as a wait for each file takes longer than to look at a small one. */
function statOf(path: string): Stats | Failed | Extract<Found, { readonly kind: 'diagnostic' }> {
  try {
    return lstatSync(path);
  } catch (error) {
    return wentWrong(path, error);
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

function troubleOf(code: TroubleCode, path: string, said: string): Extract<Found, { readonly kind: 'diagnostic' }> {
  return { kind: 'diagnostic', diagnostic: { code, path, message: `${path}: ${said}` } };
}

type Failed = Extract<Found, { readonly kind: 'failure' }>;

function failureOf(path: string, error: unknown): Failed {
  const code = systemCode(error);
  if (code === undefined) throw error;
  const failure =
    code === 'ENOENT'
      ? { path, code: 'file-missing', message: 'expected a log or a folder, got nothing there' }
      : {
          path,
          code: 'file-unreadable',
          message: `expected a readable file or folder, got ${(error as Error).message}`,
        };
  return { kind: 'failure', failure };
}

/** What goes away, or becomes something else, while its folder is looked at is nobody's fault. */
function wentWrong(path: string, error: unknown): Failed | Extract<Found, { readonly kind: 'diagnostic' }> {
  const code = systemCode(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EINVAL') return failureOf(path, error);
  return troubleOf('file-missing', path, 'expected what was there, got nothing or something else');
}
