/**
 * What a parser's worst input costs when it is twice as long: about twice as much. Measured is the ratio of two runs in one
 * process, of processor time and not of the clock on the wall, each the best of three.
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
      const lines = ['"h"=hex:\\', ...Array.from({ length: n }, () => '  41,00,\\')];
      return () => registry(lines);
    },
  ],
  [
    'a .reg value over many empty lines of hex',
    (n) => {
      const lines = ['"h"=hex:\\', ...Array.from({ length: n }, () => '\\')];
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
      const members = Array.from({ length: n }, (_, i) => `"${String(10_000_000 - i)}":1`);
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

const best = (work: () => unknown): number => Math.min(cpuMs(work), cpuMs(work), cpuMs(work));

test.each(cases)('%s', { timeout: 300_000 }, (_, work) => {
  let n = 4000;
  while (n < 400_000 && best(work(n)) < 100) n *= 2;
  expect(best(work(2 * n)) / best(work(n))).toBeLessThan(2.5);
});
