import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentDigest } from '../../packs/digest.js';
import { encodeItem } from '../../packs/item.js';
import { sampleItems } from './sample.js';

describe('contentDigest', () => {
  test('of no items is the hash of the prefix', () => {
    expect(contentDigest([])).toBe(createHash('sha256').update('yms1 content\n').digest('hex'));
  });

  test('is the hash of kind, id and hashed line, lengths in front', () => {
    const line = '{"id":"ä"}';
    const entry = Buffer.concat([
      Buffer.from('yms1 content\n\0\0\0\x03ioc\0\0\0\x02ä'),
      createHash('sha256').update(line).digest(),
    ]);
    expect(contentDigest([encodeItem('ioc', 'ä', {})])).toBe(createHash('sha256').update(entry).digest('hex'));
  });

  test('does not depend on the order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...sampleItems], { minLength: sampleItems.length }), (items) => {
        expect(contentDigest(items)).toBe(contentDigest(sampleItems));
      }),
    );
  });

  test('changes with each item, kind, id and line', () => {
    const digests = [
      sampleItems,
      sampleItems.slice(1),
      [...sampleItems, encodeItem('ioc', 'x', {})],
      [...sampleItems, encodeItem('pool', 'x', {})],
      [...sampleItems, encodeItem('pool', 'y', {})],
      [...sampleItems, encodeItem('pool', 'y', { port: 1 })],
    ].map(contentDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });
});
