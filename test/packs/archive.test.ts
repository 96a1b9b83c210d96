import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type ArchiveName, encodeArchive, parseArchive } from '../../packs/archive.js';
import { expectCode } from '../support/expect-code.js';

const files = new Map<ArchiveName, Uint8Array>([
  ['manifest.json', Buffer.from('{}')],
  ['sigma.jsonl', Buffer.from('{"id":"a"}\n')],
  ['attribution.jsonl', Buffer.alloc(512, 'x')],
]);

const isGnuTar = /GNU tar/.test(spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout);

describe('archive', () => {
  test('gives its files back', async () => {
    const parsed = await parseArchive(await encodeArchive(files));
    expect([...parsed.keys()]).toEqual([...files.keys()]);
    for (const [name, bytes] of files) expect(Buffer.compare(parsed.get(name) ?? Buffer.alloc(0), bytes)).toBe(0);
  });

  test('is the same whatever order the files come in', async () => {
    expect(await encodeArchive(new Map([...files].reverse()))).toEqual(await encodeArchive(files));
  });

  test.skipIf(!isGnuTar)('is read by GNU tar, which finds nothing of this machine in it', async () => {
    const input = await encodeArchive(files);
    const { stdout } = spawnSync('tar', ['--utc', '--full-time', '-tvf', '-'], { input, encoding: 'utf8' });
    expect(stdout).toMatch(
      /^-rw-r--r-- 0\/0 +2 1970-01-01 00:00:00 manifest\.json\n-rw-r--r-- 0\/0 +11 1970-01-01 00:00:00 sigma\.jsonl\n/,
    );
  });

  test('is refused with any byte of its headers, padding and end changed', async () => {
    const tar = await encodeArchive(files);
    const content = new Set([512, 513, ...Array.from({ length: 11 }, (_, i) => 1536 + i)]);
    for (let at = 0; at < tar.length; at++) {
      if (content.has(at) || (at >= 2560 && at < 3072)) continue;
      const changed = Uint8Array.from(tar);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      await expect(parseArchive(changed), `byte ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/^archive-/) as string,
      });
    }
  });

  test('is refused when cut anywhere', async () => {
    const tar = await encodeArchive(files);
    for (let length = 0; length < tar.length; length += 64)
      await expect(parseArchive(tar.subarray(0, length)), `cut at ${length}`).rejects.toMatchObject({
        code: expect.stringMatching(/^archive-/) as string,
      });
  });

  test('must have a manifest', async () => {
    const tar = await encodeArchive(new Map([['sigma.jsonl', Buffer.from('{"id":"a"}\n')]]));
    await expectCode('archive-order', () => parseArchive(tar));
    await expectCode('archive-order', async () => parseArchive(await encodeArchive(new Map())));
  });
});
