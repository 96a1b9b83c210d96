/**
 * What a parser's worst input costs when it is twice as long: about twice as much. Measured are two runs in one process, one
 * of four times the length, in processor time and not by the clock on the wall, each the best of three: two doublings of
 * at most 2.5 each, which garbage collection on a busy machine does not reach and quadratic work (16) does.
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
];

function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const best = (work: () => unknown): number => Math.min(cpuMs(work), cpuMs(work), cpuMs(work));

test.each(cases)('%s', { timeout: 300_000 }, (_, work) => {
  let n = 16_000;
  while (n < 64_000 && best(work(n)) < 20) n *= 2;
  expect(best(work(4 * n)) / best(work(n))).toBeLessThan(2.5 ** 2);
});
