import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/error.js';
import { Digests, type DigestType } from './digests.js';
import { withFile } from '../input/content.js';
import type { Fact, Observation } from './observation.js';
import { ElementError, Diagnostics } from '../input/diagnostic.js';

/** Command lines are cut where Linux cuts what `ps` shows, and a good deal later. */
const maxCommandBytes = 256 * 1024;

/** Programs whose digests are remembered while processes are listed: most run several times. */
export interface ProcessOptions {
  readonly hashTypes: ReadonlySet<DigestType>;
  readonly maxFileBytes: number;
  readonly diagnostics: Diagnostics;
}

/**
 * The running processes, as `proc` (Linux procfs) tells them: the program with its digests, also where its file was deleted,
 * and the command line. Those that end meanwhile are passed over; those of others that may not be read give what they give.
 */
export async function* processesOf(proc: string, options: ProcessOptions): AsyncGenerator<Observation> {
  const digests = new Map<string, readonly Fact[]>();
  for (const pid of await pidsOf(proc)) {
    const folder = join(proc, pid);
    const facts: Fact[] = [];
    const command = await readFile(join(folder, 'cmdline')).catch((error: unknown) => tell(error, folder, options));
    if (command) {
      const words = command.subarray(0, maxCommandBytes).toString('utf8').replace(/\0+$/, '').split('\0');
      facts.push({ kind: 'text', name: 'command line', value: words.join(' ') });
      if (words[0]) facts.push({ kind: 'path', name: 'argument 0', value: words[0] });
    }
    const program = await readlink(join(folder, 'exe')).catch((error: unknown) => tell(error, folder, options));
    if (program) {
      facts.push({ kind: 'path', name: 'program', value: program.replace(/ \(deleted\)$/, '') });
      facts.push(...(await digestsOf(join(folder, 'exe'), digests, options)));
    }
    if (facts.length > 0) yield { element: 'process', path: `process ${pid}`, facts };
  }
}

export async function pidsOf(proc: string): Promise<string[]> {
  const names = await readdir(proc).catch(() => []);
  return names.filter((name) => /^\d{1,10}$/.test(name)).sort((a, b) => Number(a) - Number(b));
}

async function digestsOf(
  path: string,
  known: Map<string, readonly Fact[]>,
  { hashTypes, maxFileBytes, diagnostics }: ProcessOptions,
): Promise<readonly Fact[]> {
  if (hashTypes.size === 0) return [];
  try {
    const info = await stat(path);
    const key = `${info.dev}:${info.ino}`;
    const facts = known.get(key);
    if (facts !== undefined) return facts;
    if (info.size > maxFileBytes) return [];
    const digests = new Digests(hashTypes);
    await withFile({ path, followsLink: true }, diagnostics, async ({ chunks }) => {
      for await (const chunk of chunks) await digests.update(chunk);
    });
    const made = await digests.facts();
    known.set(key, made);
    return made;
  } catch (error) {
    if (!(error instanceof ElementError)) tell(error, path, { diagnostics });
    return [];
  }
}

/** A process that ended, or one without a program (a thread of the kernel), is no diagnostic. */
function tell(error: unknown, path: string, { diagnostics }: Pick<ProcessOptions, 'diagnostics'>): null {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code !== 'ENOENT' && code !== 'ESRCH')
    diagnostics.add(
      'process-unreadable',
      path,
      `${path}: expected a readable process, got ${(error as Error).message}`,
    );
  return null;
}
