/**
 * What a parser's worst input costs when it is twice as long: less than 2.5 times as much, where quadratic work is 4 times.
 * Compared are two runs in one process, in processor time and not by the clock on the wall: of each length the median of
 * several runs, the two lengths in turn, and inputs so long that a run takes 100 ms at least.
 */
import { expect, test } from 'vitest';
import { parseJson } from '../../base/json.js';
import { parsePoolFile } from '../../rules/pools/pool-list.js';
import { compileSigmaFile } from '../../rules/sigma/rule.js';
import { parseIocCsv } from '../../rules/ioc/csv.js';
import { RegistryExport } from '../../scanner/elements/registry-export.js';

function registry(lines: readonly string[]): void {
  const reader = new RegistryExport();
  for (const [i, line] of lines.entries()) reader.push(line, i + 1);
}

/** The work on an input of `n` parts, which is made beforehand. */
const cases: readonly [name: string, work: (n: number) => () => unknown][] = [
  [
    'a .reg value over many lines',
    (n) => {
      const lines = ['"h"=hex:\\', ...Array.from({ length: n }, () => '  41,00,\\'), '  41'];
      return () => registry(lines);
    },
  ],
  [
    'a .reg value over many empty lines of hex',
    (n) => {
      const lines = ['"h"=hex:\\', ...Array.from({ length: n }, () => '\\'), '41'];
      return () => registry(lines);
    },
  ],
  [
    'a Sigma file of closing braces',
    (n) => {
      const text = '}\n'.repeat(n);
      return () => compileSigmaFile(text, 'x.yml');
    },
  ],
  [
    'a Sigma file of many broken rules',
    (n) => {
      const text = 'title: 1\n---\n'.repeat(n);
      return () => compileSigmaFile(text, 'x.yml');
    },
  ],
  [
    'a pool list of closing braces',
    (n) => {
      const text = `pools:\n${'}\n'.repeat(n)}`;
      return () => parsePoolFile(text, 'x.yml');
    },
  ],
  [
    'an indicator table of refused lines',
    (n) => {
      const text = `type,value\n${'nothing,"a\n"\n'.repeat(n)}`;
      return () => parseIocCsv(text, 'x.csv');
    },
  ],
  [
    'JSON of escaped quotes',
    (n) => {
      const text = `{"a":"${'\\\\\\"'.repeat(n)}"}`;
      return () => parseJson(text);
    },
  ],
  [
    'JSON whose members fall',
    (n) => {
      const members = Array.from({ length: n }, (_, i) => `"${String(100_000_000 - i)}":1`);
      const text = `{${members.join()}}`;
      return () => parseJson(text);
    },
  ],
];

function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The middle of `count` ratios of processor time, each of twice the input over the input, run one after the other. */
function doubling(once: () => unknown, twice: () => unknown, count = 7): number {
  const short: number[] = [];
  const long: number[] = [];
  for (let i = 0; i < count; i++) {
    short.push(cpuMs(once));
    long.push(cpuMs(twice));
  }
  return median(long) / median(short);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

test.each(cases)('%s', { timeout: 300_000 }, (_, work) => {
  let n = 16_000;
  while (n < 16_000_000 && median([1, 2, 3].map(() => cpuMs(work(n)))) < 100) n *= 2;
  expect(doubling(work(n), work(2 * n)), `twice ${n} parts`).toBeLessThan(2.5);
});
