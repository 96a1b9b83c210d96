/** Files that change while they are read, or between that and the listing of their folder, and such as cannot be read. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ruleOf, type Scanned, scanFor } from './scanning.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'yms-bad-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...names: string[]): string => join(folder, ...names);
const marks = ['first-mark', 'last-mark', 'other-mark'].map((mark) => ruleOf('keyword', mark));
const found = ({ findings }: Scanned): string[] =>
  findings.map(({ file, ruleId }) => `${file?.slice(folder.length + 1) ?? ''} ${ruleId}`);
const named = ({ named: diagnostics }: Scanned): string[] =>
  diagnostics.map(({ code, path }) => `${code} ${path.slice(folder.length + 1)}`);

/** Three chunks of lines; a mark stands in the first line and in the last. */
const mebibyte = 1024 * 1024;
const line = `${'x'.repeat(63)}\n`;
const body = line.repeat((3 * mebibyte) / line.length - 1);
const threeChunks = `${'first-mark'.padEnd(31, '.')}\n${body}${'last-mark'.padEnd(31, '.')}\n`;

/** Long ago, so that any change shows in the time. */
function writeOld(path: string, text: string): void {
  writeFileSync(path, text);
  utimesSync(path, 1_000_000_000, 1_000_000_000);
}

describe('a file that changes while it is read', () => {
  const cases: Readonly<
    Record<string, { change: (path: string) => void; marks: string[]; diagnostics: string[] }>
  > = {
    'is read to its end where nothing happens': {
      change: () => undefined,
      marks: ['first-mark', 'last-mark'],
      diagnostics: [],
    },
    'shrinks': {
      change: (path) => truncateSync(path, 2 * mebibyte),
      marks: ['first-mark'],
      diagnostics: ['file-shrunk big.txt'],
    },
    'is emptied': {
      change: (path) => truncateSync(path, 0),
      marks: ['first-mark'],
      diagnostics: ['file-shrunk big.txt'],
    },
    'is cut within the chunk that was read': {
      change: (path) => truncateSync(path, 1000),
      marks: ['first-mark'],
      diagnostics: ['file-shrunk big.txt'],
    },
    'grows': {
      change: (path) => appendFileSync(path, 'other-mark\n'),
      marks: ['first-mark', 'last-mark'],
      diagnostics: ['file-grown big.txt'],
    },
    'is written over': {
      change: (path) => writeFileSync(path, threeChunks.replace('last-mark', 'LAST-MARK')),
      marks: ['first-mark'],
      diagnostics: ['file-changed big.txt'],
    },
    'is removed': { change: (path) => rmSync(path), marks: ['first-mark', 'last-mark'], diagnostics: [] },
    'is replaced by another': {
      change: (path) => {
        writeFileSync(`${path}.new`, 'other-mark');
        renameSync(`${path}.new`, path);
      },
      marks: ['first-mark', 'last-mark'],
      diagnostics: [],
    },
    'becomes a folder': {
      change: (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      marks: ['first-mark', 'last-mark'],
      diagnostics: [],
    },
  }; // prettier-ignore
  test.each(Object.entries(cases))('%s', async (_, { change, marks: expected, diagnostics }) => {
    writeOld(at('big.txt'), threeChunks);
    writeFileSync(at('next.txt'), 'other-mark');
    const scanned = await scanFor(marks, [folder], (reads) => {
      if (reads === 1) change(at('big.txt'));
    });
    const seen = scanned.findings.flatMap(({ file, element }) =>
      file === at('big.txt') ? (element?.reasons ?? []).map(({ ruleId }) => ruleId.slice(8)) : [],
    );
    expect(seen.sort()).toEqual(expected);
    expect(named(scanned)).toEqual(diagnostics);
    expect(scanned.failures).toEqual([]);
    expect(found(scanned)).toContain('next.txt keyword:other-mark');
  });
});

describe('a file that is another one when its turn comes', () => {
  async function scanAfter(change: (path: string) => void): Promise<Scanned> {
    mkdirSync(at('files'));
    writeFileSync(at('outside'), 'last-mark');
    for (const name of ['a', 'b', 'c']) writeFileSync(at('files', name), 'first-mark');
    const scanned = await scanFor([...marks, ruleOf('filename', '[\\\\/]b$')], [at('files')], (reads) => {
      if (reads === 1) change(at('files/b')); // while a is read
    });
    expect(scanned.failures).toEqual([]);
    expect(found(scanned)).toEqual(
      expect.arrayContaining(['files/a keyword:first-mark', 'files/c keyword:first-mark']),
    );
    return scanned;
  }
  const ofB = (scanned: Scanned): string[] =>
    scanned.findings.flatMap(({ file, element }) =>
      file === at('files/b') ? (element?.reasons ?? []).map(({ ruleId }) => ruleId) : [],
    );

  const others: Readonly<Record<string, { change: (path: string) => void; diagnostic: string }>> = {
    'removed': { change: () => undefined, diagnostic: 'file-missing' },
    'a folder': { change: (path) => mkdirSync(path), diagnostic: 'file-special' },
    'a link': { change: (path) => symlinkSync(at('outside'), path), diagnostic: 'file-special' },
    'a loop of links': { change: (path) => symlinkSync('b', path), diagnostic: 'file-special' },
    'a pipe': { change: (path) => void execFileSync('mkfifo', [path]), diagnostic: 'file-special' },
  }; // prettier-ignore
  test.each(Object.entries(others))('%s: is named, and its name alone looked at', async (_, { change, diagnostic }) => {
    const scanned = await scanAfter((path) => {
      rmSync(path);
      change(path);
    });
    expect(named(scanned)).toEqual([`${diagnostic} files/b`]);
    expect(ofB(scanned)).toEqual(['filename:[\\\\/]b$']);
  });

  test('a file with other bytes, or none: is looked at as it is', async () => {
    expect(ofB(await scanAfter((path) => writeFileSync(path, 'other-mark')))).toHaveLength(2);
    rmSync(at('files'), { recursive: true });
    expect(ofB(await scanAfter((path) => truncateSync(path, 0)))).toEqual(['filename:[\\\\/]b$']);
  });
});

describe('what cannot be read', () => {
  test('loops of links and names that are too long are failures, where they were named', async () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    mkdirSync(at('in'));
    symlinkSync('..', at('in/up'));
    writeFileSync(at('in/file'), 'first-mark');
    const long = at('n'.repeat(300));
    const scanned = await scanFor(marks, [at('a'), long, at('none'), at('in')]);
    expect(scanned.failures.map(({ code, path }) => [code, path])).toEqual([
      ['file-unreadable', at('a')],
      ['file-unreadable', long],
      ['file-missing', at('none')],
    ]);
    expect(found(scanned)).toEqual(['in/file keyword:first-mark']);
  });

  test('a pipe and a socket are named, never waited for, and their names looked at', async () => {
    execFileSync('mkfifo', [at('evil-pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('evil-socket'), resolve));
    const scanned = await scanFor([ruleOf('filename', 'evil-pipe'), ruleOf('filename', 'evil-socket')], [folder]);
    await new Promise((resolve) => server.close(resolve));
    expect(named(scanned)).toEqual(['file-special evil-pipe', 'file-special evil-socket']);
    expect(found(scanned)).toEqual(['evil-pipe filename:evil-pipe', 'evil-socket filename:evil-socket']);
  });

  test.skipIf(!existsSync('/proc/self/mem'))('an error while reading is a failure; the name still counts', async () => {
    writeFileSync(at('after'), 'first-mark');
    const scanned = await scanFor([...marks, ruleOf('filename', '/self/mem$')], ['/proc/self/mem', folder]);
    expect(scanned.failures.map(({ code, path }) => `${code} ${path}`)).toEqual(['file-unreadable /proc/self/mem']);
    expect(scanned.findings.map(({ ruleId }) => ruleId)).toEqual(['filename:/self/mem$', 'keyword:first-mark']);
  });

  test.skipIf(!existsSync('/proc/self/cmdline'))(
    'a file of the kernel, which says that it is empty, is read',
    async () => {
      const scanned = await scanFor([ruleOf('keyword', 'node')], ['/proc/self/cmdline']);
      expect(scanned.findings).toHaveLength(1);
      expect(scanned.named).toEqual([]);
    },
  );

  test.skipIf(!canBeNobody())('files and folders that are forbidden are failures, and the rest is looked at', async () => {
    chmodSync(folder, 0o755);
    mkdirSync(at('files/closed'), { recursive: true });
    for (const name of ['a', 'secret', 'z', 'closed/inside']) writeFileSync(at('files', name), 'first-mark');
    chmodSync(at('files/secret'), 0);
    chmodSync(at('files/closed'), 0);
    const rules = [...marks, ruleOf('filename', '[\\\\/]secret$')];
    const scanned = await asNobody(() => scanFor(rules, [at('files')])).finally(() => chmodSync(at('files/closed'), 0o755));
    expect(scanned.failures.map(({ code, path }) => [code, path])).toEqual([
      ['file-unreadable', at('files/closed')],
      ['file-unreadable', at('files/secret')],
    ]);
    expect(scanned.failures[0]?.message).toContain('EACCES');
    expect(found(scanned)).toEqual([
      'files/a keyword:first-mark',
      'files/secret filename:[\\\\/]secret$',
      'files/z keyword:first-mark',
    ]);
  }); // prettier-ignore
});

/** Root reads everything: it becomes somebody else for a while, where it may. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

function canBeNobody(): boolean {
  if (process.geteuid === undefined) return false;
  if (process.geteuid() !== 0) return true;
  try {
    process.seteuid?.(65_534);
    statSync(join(tmpdir(), '.'));
    return true;
  } catch {
    return false; // a container without the right to, a test in a thread, a folder for temporary files of root's own
  } finally {
    if (process.geteuid() !== 0) process.seteuid?.(0);
  }
}
