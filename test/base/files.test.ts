import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readFileAtMost, readFileIfPresent, removeTemporaryFiles, writeFileAtomic } from '../../base/files.js';
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

test('temporary files that killed commands left go, and nothing else', async () => {
  const own = ['.file', '.file.tmp', 'file.0123456789ab.tmp', '.file.0123456789ag.tmp', 'file'];
  for (const name of [...own, '.license.json.0123456789ab.tmp', '.a.b.abcdefabcdef.tmp'])
    await writeFile(join(folder, name), 'x');
  await removeTemporaryFiles(folder);
  expect((await readdir(folder)).sort()).toEqual(own.sort());
  await removeTemporaryFiles(join(folder, 'none'));
});
