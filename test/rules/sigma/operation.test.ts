import { describe, expect, test } from 'vitest';
import type { Modifier } from '../../../rules/sigma/modifiers.js';
import { compileRegex, isFault, testsOf, type Value } from '../../../rules/sigma/operation.js';
import { anyDash, anyRun } from '../../../rules/sigma/pattern.js';

const tests = (chain: string, value: Value) => testsOf((chain === '' ? [] : chain.split('|')) as Modifier[], value);
const patterns = (chain: string, value: Value) => {
  const made = tests(chain, value);
  return isFault(made) ? made.code : made.map((entry) => (entry.kind === 'pattern' ? entry.pattern : entry.kind));
};

describe('values', () => {
  test('numbers and truth values are compared as text', () => {
    expect(patterns('', 4624)).toEqual([['4624']]);
    expect(patterns('', 1.5)).toEqual([['1.5']]);
    expect(patterns('', true)).toEqual([['true']]);
    expect(patterns('neq', null)).toEqual(['null']);
  });

  test.each<[string, Value]>([
    ['contains', 1],
    ['contains', null],
    ['all', null],
    ['cased', true],
    ['exists', 'yes'],
    ['exists', 1],
    ['lt', '5'],
    ['hour', '5'],
    ['re', 5],
    ['fieldref', ''],
    ['fieldref', 'a*'],
    ['base64', 'a*'],
    ['base64offset', 'a?'],
    ['utf16le|contains|base64', 'a'],
    ['utf16le', 'é'],
  ])('%s refuses %j', (chain, value) => {
    expect(patterns(chain, value)).toBe('modifier-value');
  });
});

describe('transformations in the order written', () => {
  test.each<[string, Value, unknown]>([
    ['contains', 'a', [[anyRun, 'a', anyRun]]],
    ['contains', '*a', [[anyRun, 'a', anyRun]]],
    ['startswith', 'a', [['a', anyRun]]],
    ['endswith', 'a', [[anyRun, 'a']]],
    ['startswith|endswith', 'a', [[anyRun, 'a', anyRun]]],
    ['contains|windash', ' -a', [[anyRun, ' ', anyDash, 'a', anyRun]]],
    ['windash|contains', ' -a', [[anyRun, ' ', anyDash, 'a', anyRun]]],
    ['base64', 'foobar', [['Zm9vYmFy']]],
    ['base64', 'é', [['w6k=']]],
    [
      'base64offset|contains',
      'foobar',
      [
        [anyRun, 'Zm9vYmFy', anyRun],
        [anyRun, 'Zvb2Jhc', anyRun],
        [anyRun, 'mb29iYX', anyRun],
      ],
    ],
    ['utf16le', 'cmd', [['c\0m\0d\0']]],
    ['utf16be', 'cmd', [['\0c\0m\0d']]],
    ['utf16', 'cmd', [['\xff\xfec\0m\0d\0']]],
    ['utf16le', 'a*b', [['a\0', anyRun, 'b\0']]],
    ['utf16le|base64', 'ping', [['cABpAG4AZwA=']]],
    ['utf16be|base64', 'ping', [['AHAAaQBuAGc=']]],
    ['utf16|base64', 'ping', [['//5wAGkAbgBnAA==']]],
    ['utf16le|base64', 'é', [['6QA=']]],
    ['base64|base64', 'a', [['WVE9PQ==']]],
  ])('%s of %j', (chain, value, made) => {
    expect(patterns(chain, value)).toEqual(made);
  });

  test('the offsets of base64offset find the value at any place of an encoded text', () => {
    for (const value of ['x', 'ab', 'abc', 'http://example', 'déjà'])
      for (const before of ['', 'A', 'BB', 'CCC', 'DDDD'])
        for (const after of ['', 'e', 'ff', 'ggg']) {
          const text = Buffer.from(before + value + after).toString('base64');
          const made = tests('base64offset', value);
          const literals = isFault(made)
            ? []
            : made.map((entry) => (entry.kind === 'pattern' ? String(entry.pattern[0] ?? '') : ''));
          expect(
            literals.some((literal) => text.includes(literal)),
            `${before}${value}${after}`,
          ).toBe(true);
        }
  });

  test('dash classes before an encoding become their variants, up to 625', () => {
    expect(patterns('windash|base64', '-a')).toHaveLength(5);
    expect(patterns('windash|utf16le|base64offset|contains', '-a -b')).toHaveLength(75);
    expect(patterns('windash|base64', '-a -b -c -d -e')).toBe('modifier-value');
  });
});

describe('typed tests', () => {
  test('cidr', () => {
    expect(tests('cidr', '10.0.0.0/8')).toMatchObject([{ kind: 'network', network: { prefixBits: 104 } }]);
    expect(patterns('cidr', '10.0.0.1/8')).toBe('cidr-invalid');
    expect(patterns('cidr', '10.0.0.0/33')).toBe('cidr-invalid');
    expect(patterns('cidr', 'fe80::/129')).toBe('cidr-invalid');
    expect(patterns('cidr', 'host')).toBe('cidr-invalid');
  });

  test('comparison, time, reference, existence', () => {
    expect(tests('gte', 5)).toEqual([{ kind: 'compare', comparison: 'gte', part: null, bound: 5 }]);
    expect(tests('hour|lt', 6)).toEqual([{ kind: 'compare', comparison: 'lt', part: 'hour', bound: 6 }]);
    expect(tests('week', 53)).toEqual([{ kind: 'compare', comparison: 'eq', part: 'week', bound: 53 }]);
    expect(tests('fieldref|endswith', String.raw`a\*`)).toEqual([
      { kind: 'reference', field: 'a*', isCased: false, place: 'end' },
    ]);
    expect(tests('exists', false)).toEqual([{ kind: 'exists', isPresent: false }]);
  });

  test('regular expressions are linear: what needs backtracking is refused', () => {
    expect(isFault(compileRegex('^a(b|c)*d{1,3}$', 0))).toBe(false);
    for (const source of ['(?=a)', String.raw`(a)\1`, '(?>a)', '(', 'a{2000}', '((a{100}){100}){100}'])
      expect(compileRegex(source, 0), source).toMatchObject({ code: 'regex-invalid' });
  });
});
