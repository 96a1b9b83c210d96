import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { Worker } from 'node:worker_threads';
import { compareUtf8 } from '../../base/bytes.js';
import { loadRuleFolder, type RuleFile } from '../../rules/folder.js';
import type { PackConfig } from '../config/pack-config.js';
import { fileReason } from './selection.js';

/** One share of a folder: all files with `part` of 0, 1, … `parts` - 1 together. */
export interface FolderShare {
  /** Absolute. */
  readonly folder: string;
  /** The recorded path of the folder. */
  readonly recorded: string;
  readonly pack: PackConfig;
  readonly part: number;
  readonly parts: number;
}

/** Below this many files a thread costs more time than it saves. */
const filesPerThread = 500;
const maxThreads = 4;

/** Reads and compiles one share on this thread. */
export async function loadFolderShare({
  folder,
  recorded,
  pack,
  part,
  parts,
}: FolderShare): Promise<readonly RuleFile[]> {
  const { files } = await loadRuleFolder(folder, {
    sigma: { placeholders: new Map(Object.entries(pack.expand)) },
    accepts: (file) => shareOf(file, parts) === part && fileReason(pack, posix.join(recorded, file)) === null,
  });
  return files;
}

/** Spreads files evenly, by their names alone. */
function shareOf(file: string, parts: number): number {
  let hash = 0;
  for (let at = 0; at < file.length; at++) hash = (Math.imul(hash, 31) + file.charCodeAt(at)) >>> 0;
  return hash % parts;
}

/** How many threads to read so many files with. Only compiled code has workers: sources would need a loader in each. */
export function threadsFor(fileCount: number): number {
  if (!import.meta.url.endsWith('.js')) return 1;
  return Math.max(1, Math.min(availableParallelism(), maxThreads, Math.floor(fileCount / filesPerThread)));
}

/**
 * Reads and compiles the files of a folder that the pack takes, sorted by name, on `threads` threads of which this is one.
 *
 * @throws RulesError `folder-missing`, `folder-too-large`
 */
export async function loadSourceFolder(
  job: Omit<FolderShare, 'part' | 'parts'>,
  threads: number,
): Promise<readonly RuleFile[]> {
  if (threads === 1) return await loadFolderShare({ ...job, part: 0, parts: 1 });
  const workers = Array.from({ length: threads - 1 }, (_, i) => startWorker({ ...job, part: i + 1, parts: threads }));
  try {
    const own = await loadFolderShare({ ...job, part: 0, parts: threads });
    const others = await Promise.all(workers.map(({ files }) => files));
    return [...own, ...others.flat()].sort((a, b) => compareUtf8(a.file, b.file));
  } finally {
    for (const { worker } of workers) void worker.terminate();
  }
}

function startWorker(share: FolderShare): { worker: Worker; files: Promise<readonly RuleFile[]> } {
  const worker = new Worker(new URL('./source-folder-worker.js', import.meta.url), { workerData: share });
  const files = new Promise<readonly RuleFile[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error(`${share.folder}: expected a share of the files, got an ended thread`)));
  });
  files.catch(() => undefined); // told by the one who awaits it; an earlier refusal ends the work before
  return { worker, files };
}
