import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GramIndex, isNeedle, type Needle } from '../../../rules/sigma/gram-index.js';

const found = (needles: readonly Needle[], text: string) => {
  const index = new GramIndex(needles);
  return [...index.found.slice(0, index.scan(text, 1))].sort((a, b) => a - b);
};

const plainly = (needles: readonly Needle[], text: string) =>
  [...needles.entries()]
    .filter(([, { text: needle, place }]) =>
      place === 'start' ? text.startsWith(needle) : place === 'end' ? text.endsWith(needle) : text.includes(needle),
    )
    .map(([number]) => number);

test('finds what a plain search finds', () => {
  const unit = fc.constantFrom('a', 'b', 'c', '\\', '^', 'é', '\u2013', '\u0161', '😀');
  const needle = fc.record({
    text: fc.string({ unit, minLength: 1, maxLength: 8 }).filter(isNeedle),
    place: fc.constantFrom('start', 'end', 'anywhere'),
  });
  fc.assert(
    fc.property(fc.array(needle, { maxLength: 12 }), fc.string({ unit, maxLength: 40 }), (needles, text) => {
      expect(found(needles, text)).toEqual(plainly(needles, text));
    }),
    { numRuns: 2000 },
  );
});

test('thousands of needles that share their ends', () => {
  const needles = Array.from({ length: 5000 }, (_, index) => ({ text: `\\tool${index}.exe`, place: 'end' }) as const);
  expect(found(needles, 'c:\\bin\\tool4321.exe')).toEqual([4321]);
  expect(found(needles, 'c:\\bin\\tool4321.exe ')).toEqual([]);
});

test('what can be a needle', () => {
  expect(['ab', 'é', '\u00a0', '😀', '`', '^'].every(isNeedle)).toBe(true);
  expect(['', 'a', '-'].some(isNeedle)).toBe(false);
});

test('a needle is found once a turn', () => {
  const index = new GramIndex([{ text: 'abcd', place: 'anywhere' }]);
  expect([index.scan('abcd abcd', 1), index.scan('abcd', 1), index.scan('abcd', 2)]).toEqual([1, 0, 1]);
});
