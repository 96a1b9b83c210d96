import { randomBytes } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compress, decompress } from '../../packs/compression.js';
import { expectCode } from '../support/expect-code.js';

describe('compression', () => {
  test.each([1, 1000, 1_000_000])('gives %i bytes back', async (length) => {
    const content = randomBytes(length);
    expect(Buffer.compare(await decompress(await compress(content), length), content)).toBe(0);
  });

  test('is the same each time', async () => {
    const content = Buffer.alloc(100_000, 'rules and rules ');
    expect(await compress(content)).toEqual(await compress(content));
  });

  test('stops at the length that was promised, however much a bomb holds', async () => {
    const bomb = brotliCompressSync(Buffer.alloc(64 * 1024 * 1024), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
    });
    const before = process.memoryUsage().arrayBuffers;
    await expectCode('archive-too-large', () => decompress(bomb, 4096));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  test('refuses a length one off, either way', async () => {
    const compressed = await compress(Buffer.alloc(1024, 'x'));
    await expectCode('archive-too-large', () => decompress(compressed, 1023));
    await expectCode('archive-too-small', () => decompress(compressed, 1025));
  });

  test('refuses a stream that is cut at any byte, or followed by any', async () => {
    const compressed = await compress(Buffer.from('one two three one two three'));
    for (let length = 0; length < compressed.length; length++)
      await expectCode('compression', () => decompress(compressed.subarray(0, length), 27));
    await expectCode('compression', () => decompress(Buffer.concat([compressed, Buffer.alloc(1)]), 27));
  });
});
