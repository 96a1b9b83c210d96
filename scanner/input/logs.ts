import { opendir, stat } from 'node:fs/promises';
import { fileKind } from '../../base/files.js';
import { join } from 'node:path';
import { compareUtf8 } from '../../base/bytes.js';
import { systemCode } from '../../base/error.js';

/** The standard input, among paths. */
export const standardInput = '-';

/** A path that could not be read, or not to its end. */
export interface Failure {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface LogFile {
  readonly path: string;
  readonly bytes: number;
  /** Somebody named this very file, so that it must be a log; what lies in a folder may be anything. */
  readonly isNamed: boolean;
}

export interface Logs {
  /** In the order of the paths; within a folder by the UTF-8 bytes of their names. */
  readonly files: readonly LogFile[];
  readonly failures: readonly Failure[];
}

export const maxLogFolderDepth = 64;

/**
 * The files below the paths, each once however many paths and links lead to it. Links to folders are not followed;
 * devices, pipes and sockets in folders are passed over.
 */
export async function listLogs(paths: readonly string[]): Promise<Logs> {
  const files: LogFile[] = [];
  const failures: Failure[] = [];
  const seen = new Set<string>();
  const fail = (path: string, error: unknown): void => {
    failures.push({ path, ...(error instanceof Error ? faultOf(error) : { code: 'path', message: String(error) }) });
  };
  const visit = async (path: string, depth: number): Promise<void> => {
    const info = await stat(path);
    if (info.isDirectory()) await visitFolder(path, depth);
    else if (info.isFile()) {
      const key = `${info.dev}:${info.ino}`;
      if (!seen.has(key)) files.push({ path, bytes: info.size, isNamed: depth === 0 });
      seen.add(key);
    } else if (depth === 0)
      failures.push({
        path,
        code: 'file-special',
        message: `${path}: expected a file or folder, got ${fileKind(info)}`,
      });
  };
  const visitFolder = async (folder: string, depth: number): Promise<void> => {
    if (depth >= maxLogFolderDepth) {
      const message = `${folder}: expected at most ${maxLogFolderDepth} levels of folders, got more`;
      failures.push({ path: folder, code: 'folder-depth', message });
      return;
    }
    const names: string[] = [];
    for await (const entry of await opendir(folder)) {
      const isTaken = entry.isFile() || entry.isDirectory();
      if (isTaken || (entry.isSymbolicLink() && (await isLinkToFile(join(folder, entry.name))))) names.push(entry.name);
    }
    for (const name of names.sort(compareUtf8)) {
      const path = join(folder, name);
      await visit(path, depth + 1).catch((error: unknown) => fail(path, error));
    }
  };
  for (const path of paths) {
    if (path === standardInput) files.push({ path, bytes: 0, isNamed: true });
    else await visit(path, 0).catch((error: unknown) => fail(path, error));
  }
  return { files, failures };
}

async function isLinkToFile(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() === true;
}

function faultOf(error: Error): Pick<Failure, 'code' | 'message'> {
  const isMissing = systemCode(error) === 'ENOENT';
  return isMissing
    ? { code: 'file-missing', message: 'expected a log or a folder, got nothing there' }
    : { code: 'file-unreadable', message: `expected a readable file or folder, got ${error.message}` };
}
