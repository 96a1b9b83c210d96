import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern, foldPattern, shapeOf } from '../../../rules/sigma/glob.js';
import { anyDash, anyOne, anyRun, parsePattern, type Pattern } from '../../../rules/sigma/pattern.js';

const asRegex = (pattern: Pattern) => {
  const source = pattern.map((piece) => {
    if (typeof piece === 'string') return piece.replaceAll(/[\\^$.|?*+()[\]{}/-]/g, '\\$&');
    return piece === anyRun ? '[^]*' : piece === anyOne ? '[^]' : '[-/\u2013-\u2015]';
  });
  return new RegExp(`^${source.join('')}$`);
};

test('a pattern matches what the same regular expression does', () => {
  const piece = fc.oneof(
    fc.constantFrom(anyRun, anyOne, anyDash),
    fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 3 }),
  );
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '/', '\n'), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), text, (pattern, value) => {
      expect(compilePattern(pattern)(value)).toBe(asRegex(pattern).test(value));
    }),
    { numRuns: 3000 },
  );
});

describe('shapes', () => {
  test.each([
    ['', 'equals'],
    ['a', 'equals'],
    ['a*', 'start'],
    ['*a', 'end'],
    ['*a*', 'anywhere'],
    ['*', 'run'],
    ['**', 'run'],
    ['a*b', 'glob'],
    ['a?', 'glob'],
  ])('%j: %s', (value, kind) => {
    expect(shapeOf(parsePattern(value)).kind).toBe(kind);
  });

  test('folding leaves wildcards', () => {
    expect(foldPattern(['AB', anyRun, 'C'])).toEqual(['ab', anyRun, 'c']);
  });
});
