/** Compressed and collected logs: opened alike for Sigma rules and for indicators, and named where they cannot be. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../base/json.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import { archiveFormatOf, innerNameOf } from '../../../scanner/input/archive-format.js';
import { ArchiveBudget, defaultArchiveLimits } from '../../../scanner/input/archive-budget.js';
import { streamContent } from '../../../scanner/input/content.js';
import { decompress } from '../../../scanner/input/decompress.js';
import { Diagnostics } from '../../../scanner/input/diagnostic.js';
import { innerContents } from '../../../scanner/input/inner-contents.js';
import type { MergedRule } from '../../../scanner/merge/merged-rule.js';
import { scan } from '../../../scanner/scan/scan.js';
import { archives, planted } from '../../support/archives.js';
import { encodeZip } from '../../support/zip.js';

const sigma = `title: Evil
id: 5b1f6a42-7d1c-4c58-9d57-3f0f6ad1a001
level: high
logsource: { product: linux }
detection: { words: [evil.example], condition: words }
`;
const source = { origin: 'custom', pack: null, version: null, file: 'x' } as const;
const rules: MergedRule[] = [
  ...compileSigmaFile(sigma, 'x.yml').rules.map(({ id, rule }) => ({ kind: 'sigma' as const, id, line: canonicalJson(rule), rule, source })), // prettier-ignore
  { kind: 'ioc', id: 'domain:evil.example', line: '', indicator: { type: 'domain', value: 'evil.example', score: 100 }, source }, // prettier-ignore
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-archives-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function scanFile(name: string, bytes: Buffer, kind: 'sigma' | 'ioc') {
  const path = join(folder, name);
  await writeFile(path, bytes);
  const found: string[] = [];
  const summary = await scan(
    {
      ...{ rules, flags: [], paths: [path], minLevel: null, kinds: new Set([kind]), hostRoot: null, since: null },
      ...{ now: new Date(), logSources: null, threads: 1, signal: new AbortController().signal },
    },
    { finding: ({ file }) => void found.push((file ?? '').slice(folder.length + 1)), progress: () => undefined },
  );
  return { found, gaps: summary.incomplete.map(({ code, count }) => `${count} ${code}`), events: summary.events };
}

async function tarOf(...members: readonly (readonly [name: string, bytes: Buffer])[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of members) tar.entry({ name }, bytes);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const log = Buffer.from(planted);

/** A lead and two headers without entries. */
function rpmOf(payload: Buffer): Buffer {
  const header = Buffer.from('8eade801000000000000000000000000', 'hex');
  return Buffer.concat([Buffer.from('edabeedb', 'hex'), Buffer.alloc(92), header, header, payload]);
}

const opened: readonly (readonly [file: string, bytes: () => Buffer | Promise<Buffer>, inner: string])[] = [
  ['auth.log.1.gz', () => gzipSync(log), 'auth.log.1'],
  ['auth.log.2.bz2', () => archives.bzip2, 'auth.log.2'],
  ['auth.log.3.xz', () => archives.xz, 'auth.log.3'],
  ['auth.log.4.zst', () => archives.zstd, 'auth.log.4'],
  ['a.zip', () => encodeZip([{ name: 'C/logs/auth.log', bytes: log }]), 'C/logs/auth.log'],
  ['a.tar', () => tarOf(['var/log/auth.log', log]), 'var/log/auth.log'],
  ['a.tgz', async () => gzipSync(await tarOf(['auth.log', log])), 'a.tar!auth.log'],
  ['a.tar', () => tarOf(['auth.log.3.xz', archives.xz]), 'auth.log.3.xz!auth.log.3'],
  ['a.7z', () => archives.sevenZip, 'logs/auth.log'],
  ['a.cab', () => archives.cab, 'logs/auth.log'],
  ['a.cpio', () => archives.cpio, 'logs/auth.log'],
  ['a.a', () => archives.ar, 'auth.log'],
  ['a.deb', () => archives.debZstd, 'data.tar.zst!data.tar!./var/log/auth.log'],
  ['b.deb', () => archives.debXz, 'data.tar.xz!data.tar!./var/log/auth.log'],
  ['a.rpm', () => rpmOf(gzipSync(archives.cpio)), 'payload!payload!logs/auth.log'],
  ['7z.zip', () => encodeZip([{ name: 'a.7z', bytes: archives.sevenZip }]), 'a.7z!logs/auth.log'],
];

describe.each(['sigma', 'ioc'] as const)('%s', (kind) => {
  test.each(opened)('opens %s', async (file, bytes, inner) => {
    const { found, gaps } = await scanFile(file, await bytes(), kind);
    expect(found).toEqual([`${file}!${inner}`]);
    expect(gaps).toEqual([]);
  });

  test.each([
    ['locked.7z', archives.lockedSevenZip, ['2 archive-encrypted']],
    ['sealed.7z', archives.sealedSevenZip, ['1 archive-encrypted']],
    ['locked.zip', encodeZip([{ name: 'a', bytes: log, flags: 1 }]), ['1 archive-encrypted']],
    ['method.zip', encodeZip([{ name: 'a', bytes: log, method: 97 }]), ['1 archive-method']],
    ['a.log.lz4', archives.lz4, ['1 archive-method']],
    ['a.log.xz', archives.xzWithSha256, ['1 archive-method']],
    ['a.7z', archives.sevenZip.subarray(0, 60), ['1 archive-damaged']],
    ['a.rpm', rpmOf(log).subarray(0, 100), ['1 archive-damaged']],
  ])('names what it cannot open: %s', async (file, bytes, expected) => {
    expect(await scanFile(file, bytes, kind)).toEqual({ found: [], gaps: expected, events: 0 });
  });

  test('what came of a log that is cut off is looked at, to its last line', async () => {
    const noise = Array.from({ length: 20_000 }, (_, i) => `Nov 24 10:00:00 web1 sshd[${i}]: port ${i * 7919}\n`);
    const whole = gzipSync([planted, ...noise, planted].join(''));
    const { found, gaps } = await scanFile('cut.log.gz', whole.subarray(0, whole.length >> 1), kind);
    expect(found).toEqual(['cut.log.gz!cut.log']);
    expect(gaps).toEqual(['1 archive-damaged']);
  });

  test('members of gzip, bzip2, xz and zstd that follow one another are one log', async () => {
    for (const [file, bytes] of [
      ['gz', gzipSync(log)],
      ['bz2', archives.bzip2],
      ['xz', archives.xz],
      ['zst', archives.zstd],
    ] as const)
      // prettier-ignore
      expect((await scanFile(`two.log.${file}`, Buffer.concat([bytes, bytes]), kind)).found).toHaveLength(2);
  });
});

test('a bomb ends at its limit, whatever it is made of', async () => {
  const limits = { ...defaultArchiveLimits, freeBytes: 1_000_000, maxRatio: 1 };
  const zeros = gzipSync(Buffer.alloc(5_000_000));
  const bombs: readonly Buffer[] = [zeros, await tarOf(['a.gz', zeros], ['b.log', log]), encodeZip([{ name: 'z', bytes: Buffer.alloc(5_000_000) }])]; // prettier-ignore
  for (const bomb of bombs) {
    const diagnostics = new Diagnostics();
    const content = streamContent('bomb', (async function* () { yield await Promise.resolve(bomb); })()); // prettier-ignore
    const format = archiveFormatOf(bomb) ?? 'lz4';
    const unpacking = { budget: new ArchiveBudget(limits, bomb.length), diagnostics, signal: new AbortController().signal }; // prettier-ignore
    let bytes = 0;
    for await (const inner of innerContents(format, content, unpacking))
      for await (const chunk of inner.chunks) bytes += chunk.length;
    expect(diagnostics.counts).toEqual({ 'archive-too-large': 1 });
    expect(bytes).toBeLessThanOrEqual(limits.freeBytes);
  }
});

test('a stream of xz inside another one does not wait for it', async () => {
  const chunks = async function* (bytes: Buffer) { yield await Promise.resolve(bytes); }; // prettier-ignore
  const outer = decompress('xz', chunks(archives.xz), 'outer');
  const { value } = (await outer.next()) as IteratorResult<Buffer, undefined>;
  const inner: Buffer[] = [];
  for await (const chunk of decompress('xz', chunks(archives.xz), 'inner')) inner.push(chunk);
  expect(Buffer.concat(inner).toString()).toBe(planted);
  expect(value?.toString()).toBe(planted);
  await outer.return(undefined);
});

test('what a file is', () => {
  for (const text of ['BZh9 is how a line may begin', '070 is a number', 'PK', '!<arch', 'LZIP', 'MSCF', ''])
    expect(archiveFormatOf(Buffer.from(text))).toBeNull();
  expect(archiveFormatOf(Buffer.from(']\0\0\x80\0'), 'a.tar.lzma')).toBe('lzma');
  expect(archiveFormatOf(Buffer.from(']\0\0\x80\0'), 'a.bin')).toBeNull();
  expect(innerNameOf('bzip2', '/var/log/messages.2.bz2')).toBe('messages.2');
  expect(innerNameOf('gzip', 'x.zip!a/b.tgz')).toBe('b.tar');
  expect(innerNameOf('zstd', 'no-ending')).toBe('no-ending');
});
