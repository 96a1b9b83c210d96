import { describe, expect, test } from 'vitest';
import { batchesOf } from '../../../scanner/elements/batch.js';
import { ScanStatistics } from '../../../scanner/elements/statistics.js';
import type { Found } from '../../../scanner/elements/walk.js';

const file = (path: string, bytes: number): Found => ({ kind: 'file', path, bytes, isNamed: false });
const large = 16 * 1024 * 1024;

async function batch(found: readonly Found[]): Promise<string[]> {
  async function* walk(): AsyncGenerator<Found> {
    yield* await Promise.resolve(found);
  }
  const batches: string[] = [];
  for await (const { found: taken, isLarge } of batchesOf(walk(), large)) {
    const names = taken.map((one) => ('path' in one ? one.path : one.kind));
    batches.push(`${isLarge ? 'large ' : ''}${names.length > 3 ? String(names.length) : names.join(' ')}`);
  }
  return batches;
}

describe('batches', () => {
  test('keep the order of the walk, with a large file by itself', async () => {
    const diagnostic: Found = { kind: 'diagnostic', diagnostic: { code: 'folder-depth', path: 't', message: 't' } };
    const link: Found = { kind: 'link', path: 'l', target: 'x' };
    expect(await batch([file('a', 1), link, file('b', large), diagnostic, file('c', large - 1), file('d', 1)])).toEqual(
      ['a l', 'large b', 'diagnostic', 'c', 'd'],
    );
    expect(await batch([])).toEqual([]);
  });

  test('end at 100 entries or 4 MiB', async () => {
    expect(await batch(Array.from({ length: 250 }, (_, at) => file(String(at), 1)))).toEqual(['100', '100', '50']);
    const mebibyte = 1024 * 1024;
    expect(await batch([file('a', mebibyte), file('b', 3 * mebibyte), file('c', 1)])).toEqual(['a b', 'c']);
  });
});

describe('a statistics of several threads', () => {
  test('names the first 20 of each code in the order of the batches, and counts all', () => {
    const all = new ScanStatistics();
    for (const name of ['a', 'b', 'c']) {
      const one = new ScanStatistics();
      one.files = 2;
      one.count('file', 3);
      one.failures.push({ path: name, code: 'file-missing', message: '' });
      for (let at = 0; at < 15; at++) one.diagnostics.add('file-special', `${name}${at}`, '');
      one.diagnostics.add('file-grown', name, '');
      all.add(one.take());
      expect(one.take()).toEqual({ files: 0, examined: {}, diagnostics: {}, named: [], failures: [] });
    }
    const { files, examined, diagnostics, named, failures } = all.take();
    expect({ files, examined, diagnostics }).toEqual({
      files: 6,
      examined: { file: 9 },
      diagnostics: { 'file-special': 45, 'file-grown': 3 },
    });
    const special = named.filter(({ code }) => code === 'file-special').map(({ path }) => path);
    expect([special.length, special[0], special[14], special[15], special[19]]).toEqual([20, 'a0', 'a14', 'b0', 'b4']);
    expect(failures.map(({ path }) => path)).toEqual(['a', 'b', 'c']);
  });
});
