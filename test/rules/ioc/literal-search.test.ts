import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiteralSearch } from '../../../rules/ioc/literal-search.js';

function naive(literals: readonly string[], text: string): string[] {
  const hits: string[] = [];
  for (const [value, literal] of literals.entries())
    for (let at = text.indexOf(literal); literal !== '' && at >= 0; at = text.indexOf(literal, at + 1))
      hits.push(`${value}@${at}-${at + literal.length}`);
  return hits.sort();
}

const search = (literals: readonly string[], text: string) =>
  new LiteralSearch(literals.map((literal, at) => [literal, at] as const))
    .find(text)
    .map(({ value, start, end }) => `${value}@${start}-${end}`)
    .sort();

test('finds what a search for one literal after the other finds', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '\uD83D\uDE00'), maxLength: 14 });
  fc.assert(
    fc.property(
      fc.array(letters, { maxLength: 80 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '\uD83D\uDE00'), maxLength: 60 }),
      (literals, text) => {
        expect(search(literals, text)).toEqual(naive(literals, text));
      },
    ),
    { numRuns: 2000 },
  );
});

test('many literals with one beginning, and many equal ones', () => {
  const literals = [
    ...Array.from({ length: 200 }, (_, at) => `http://www.example.org/${at}`),
    ...Array<string>(30).fill('same'),
  ];
  const text = 'x http://www.example.org/117 same http://www.example.org/1';
  expect(search(literals, text)).toEqual(naive(literals, text));
});

test('without literals nothing is found', () => {
  expect(new LiteralSearch([]).find('text')).toEqual([]);
});
