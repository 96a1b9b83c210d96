import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, stat, writeFile, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockFreshMs, readFileAtMost, readFileIfPresent, withLock, writeFileAtomic } from '../../base/files.js';
import { expectCode } from '../support/expect-code.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-files-'));
});

describe('writeFileAtomic', () => {
  test('replaces the file whole, with its mode, and leaves nothing beside it', async () => {
    const path = join(folder, 'deep', 'file');
    await writeFileAtomic(path, 'one', 0o600);
    await writeFileAtomic(path, 'two', 0o600);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'deep'))).toEqual(['file']);
  });

  test('a failure leaves what was there, and no temporary file', async () => {
    const path = join(folder, 'taken');
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'x');
    await expectCode('file-unwritable', () => writeFileAtomic(path, 'bytes'));
    expect(await readdir(folder)).toEqual(['taken']);
    expect(await readdir(path)).toEqual(['inside']);
  });
});

describe('reading', () => {
  test('is bounded', async () => {
    const path = join(folder, 'file');
    await writeFile(path, '12345');
    expect(Buffer.from(await readFileAtMost(path, 5)).toString()).toBe('12345');
    await expectCode('file-too-large', () => readFileAtMost(path, 4));
    await expectCode('file-unreadable', () => readFileAtMost(folder, 4));
  });

  test('tells an absent file from an unreadable one', async () => {
    await expectCode('file-missing', () => readFileAtMost(join(folder, 'none'), 4));
    expect(await readFileIfPresent(join(folder, 'none'), 4)).toBeNull();
  });
});

describe('withLock', () => {
  test('is held by one at a time and free afterwards, also after a failure', async () => {
    const path = join(folder, 'lock');
    const failing = withLock(path, async () => {
      await expectCode('lock-held', () => withLock(path, () => Promise.resolve('inside')));
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    expect(await withLock(path, () => Promise.resolve('after'))).toBe('after');
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a process that is gone is taken over', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    const path = join(folder, 'lock');
    await writeFile(path, `${gone.pid ?? 0}\n`);
    expect(await withLock(path, () => readFile(path, 'utf8'))).toBe(`${process.pid}\n`);
    expect(await readdir(folder)).toEqual([]);
  });

  test('of an earlier process with this one’s number, as in a container, is taken over when nobody keeps it fresh', async () => {
    const path = join(folder, 'lock');
    await writeFile(path, `${process.pid}\n`);
    await expectCode('lock-held', () => withLock(path, () => Promise.resolve('inside'))); // it may be another container’s
    const before = new Date(Date.now() - 2 * lockFreshMs);
    await utimes(path, before, before);
    expect(await withLock(path, () => Promise.resolve('inside'))).toBe('inside');
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['that a power cut left empty', ''],
    ['that names no process', 'no number\n'],
    ['that names a group of processes', '0\n'],
  ])('%s is taken over', async (_, content) => {
    const path = join(folder, 'lock');
    await writeFile(path, content);
    expect(await withLock(path, () => readFile(path, 'utf8'))).toBe(`${process.pid}\n`);
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a live process is not', async () => {
    const path = join(folder, 'lock');
    await writeFile(path, `${process.ppid}\n`);
    await expectCode('lock-held', () => withLock(path, () => Promise.resolve('inside')));
    expect(await readFile(path, 'utf8')).toBe(`${process.ppid}\n`);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  test('is held by one of many that ask at the same time', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await readFile(path);
      inside--;
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => withLock(path, work)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await withLock(path, () => Promise.resolve('after'))).toBe('after');
    expect(await readdir(folder)).toEqual([]);
  });
});
