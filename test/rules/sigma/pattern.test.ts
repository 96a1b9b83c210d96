import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anyDash,
  anyOne,
  anyRun,
  expandDashes,
  foldCase,
  parsePattern,
  plainText,
  withDashClass,
  withLeadingRun,
  withTrailingRun,
  type Pattern,
} from '../../../rules/sigma/pattern.js';

describe('escapes (Sigma 2.1, "Escape Character")', () => {
  test.each<[string, Pattern]>([
    ['', []],
    ['plain', ['plain']],
    ['*', [anyRun]],
    ['a*b?c', ['a', anyRun, 'b', anyOne, 'c']],
    [String.raw`\*`, ['*']],
    [String.raw`\?`, ['?']],
    [String.raw`\\*`, ['\\', anyRun]],
    [String.raw`\\\*`, ['\\*']],
    [String.raw`\\\\*`, ['\\\\', anyRun]],
    [String.raw`\\`, ['\\']],
    [String.raw`\\\\`, ['\\\\']],
    [String.raw`\\\x`, ['\\\\x']],
    [String.raw`C:\Windows\cmd.exe`, ['C:\\Windows\\cmd.exe']],
    [String.raw`trailing` + '\\', ['trailing\\']],
    [String.raw`a\*b*`, ['a*b', anyRun]],
  ])('%j', (value, pattern) => {
    expect(parsePattern(value)).toEqual(pattern);
  });

  test('literal pieces are never empty and never adjacent', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\\', '*', '?', 'a', '-') }), (value) => {
        const pattern = parsePattern(value);
        for (const [index, piece] of pattern.entries()) {
          expect(piece).not.toBe('');
          if (typeof piece === 'string') expect(typeof pattern[index + 1]).not.toBe('string');
        }
      }),
    );
  });

  test('plain text is told from a pattern', () => {
    expect(plainText(parsePattern(''))).toBe('');
    expect(plainText(parsePattern(String.raw`a\*`))).toBe('a*');
    expect(plainText(parsePattern('a*'))).toBeNull();
  });
});

test('a run is added in front or behind only where none stands', () => {
  expect(withLeadingRun(parsePattern('a'))).toEqual([anyRun, 'a']);
  expect(withLeadingRun(parsePattern('*a'))).toEqual([anyRun, 'a']);
  expect(withTrailingRun(parsePattern('a*'))).toEqual(['a', anyRun]);
  expect(withTrailingRun(parsePattern(String.raw`a\*`))).toEqual(['a*', anyRun]);
});

describe('windash', () => {
  test.each<[string, Pattern]>([
    [' -a', [' ', anyDash, 'a']],
    ['/c', [anyDash, 'c']],
    ['-param-name', [anyDash, 'param-name']],
    ['a/b', ['a/b']],
    ['--x', ['-', anyDash, 'x']],
    ['- x', ['- x']],
    ['\u2013enc', [anyDash, 'enc']],
    ['-é', [anyDash, 'é']],
  ])('%j', (value, pattern) => {
    expect(withDashClass(parsePattern(value))).toEqual(pattern);
  });

  test('expands to five variants a dash, within its limit', () => {
    expect(expandDashes([' ', anyDash, 'a'], 5)).toEqual([[' -a'], [' /a'], [' \u2013a'], [' \u2014a'], [' \u2015a']]);
    expect(expandDashes([anyDash, 'a ', anyDash, 'b'], 25)).toHaveLength(25);
    expect(expandDashes([anyDash, 'a ', anyDash, 'b'], 24)).toBeNull();
  });
});

test('case is folded by Unicode lower case, final sigma included', () => {
  expect(foldCase('ΟΔΟΣ')).toBe(foldCase('οδος'));
  expect(foldCase('ΟΔΟΣ')).toBe(foldCase('ΟΔΟΣΑ').slice(0, 4));
  expect(foldCase('ÄÖÜ \u212A')).toBe('äöü k');
});
