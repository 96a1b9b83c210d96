import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashesIn } from '../../../rules/ioc/hash-token.js';

const slow = /(?<![0-9A-Za-z])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9A-Za-z])/g;

test('finds what an expression with look-around finds', () => {
  const piece = fc.oneof(
    fc
      .constantFrom(31, 32, 33, 40, 41, 64, 65, 200)
      .chain((length) => fc.string({ unit: fc.constantFrom('a', '0', 'F'), minLength: length, maxLength: length })),
    fc.constantFrom(' ', ',', '=', 'g', 'Z', '_', '\n', 'SHA256='),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      expect(hashesIn(text)).toEqual([...text.matchAll(slow)].map(([hash]) => hash));
    }),
    { numRuns: 2000 },
  );
});
