import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkBytes, isPayloadLength, openPayload, payloadLength, sealPayload } from '../../packs/payload.js';
import { expectCode } from '../support/expect-code.js';

const key = Buffer.alloc(32, 7);
const sealedChunk = chunkBytes + 17;

describe('payload length', () => {
  test('is 24 and 17 for each chunk more than the plaintext', () => {
    expect(payloadLength(1)).toBe(24 + 17 + 1);
    expect(payloadLength(65_536)).toBe(24 + 17 + 65_536);
    expect(payloadLength(65_537)).toBe(24 + 34 + 65_537);
  });

  test('is recognised for every plaintext, and nothing else is', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 28 }), (n) => isPayloadLength(payloadLength(n))));
    for (const n of [0, 24, 41, 24 + sealedChunk + 1, 24 + sealedChunk + 17, 24 + 2 * sealedChunk + 17])
      expect(isPayloadLength(n), String(n)).toBe(false);
    expect(isPayloadLength(24 + sealedChunk + 18)).toBe(true);
  });
});

describe('a payload', () => {
  test.each([1, 2, 65_535, 65_536, 65_537, 131_072, 131_073, 200_000])('of %i bytes opens as sealed', (length) => {
    const plaintext = randomBytes(length);
    const payload = sealPayload(plaintext, key);
    expect(payload).toHaveLength(payloadLength(length));
    expect(Buffer.compare(openPayload(payload, key), plaintext)).toBe(0);
  });

  test('differs each time under one key', () => {
    expect(sealPayload(Buffer.from('same'), key)).not.toEqual(sealPayload(Buffer.from('same'), key));
  });

  test('is never empty', () => {
    expect(() => sealPayload(new Uint8Array(), key)).toThrow(RangeError);
  });

  test('is refused under another key', async () => {
    await expectCode('payload-authentication', () => openPayload(sealPayload(Buffer.from('x'), key), Buffer.alloc(32)));
  });

  test('is refused with any single bit flipped', async () => {
    const payload = sealPayload(Buffer.from('short'), key);
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const flipped = Uint8Array.from(payload);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expectCode('payload-authentication', () => openPayload(flipped, key));
    }
  });

  test('is refused when cut at every length', async () => {
    const payload = sealPayload(Buffer.from('some more text'), key);
    for (let length = 0; length < payload.length; length++)
      await expectCode(length < 42 ? 'payload-truncated' : 'payload-authentication', () =>
        openPayload(payload.subarray(0, length), key),
      );
  });

  test('is refused when cut at, or just behind, the end of a chunk', async () => {
    const payload = sealPayload(Buffer.alloc(3 * chunkBytes), key);
    await expectCode('payload-truncated', () => openPayload(payload.subarray(0, 24 + 2 * sealedChunk), key));
    await expectCode('payload-chunk', () => openPayload(payload.subarray(0, 24 + 2 * sealedChunk + 17), key));
  });

  test('is refused with anything after its final chunk', async () => {
    const payload = sealPayload(Buffer.alloc(chunkBytes), key);
    await expectCode('payload-chunk', () => openPayload(Buffer.concat([payload, Buffer.alloc(17)]), key));
    await expectCode('payload-extended', () => openPayload(Buffer.concat([payload, Buffer.alloc(18)]), key));
    await expectCode('payload-extended', () => openPayload(Buffer.concat([payload, payload.subarray(24)]), key));
  });

  test('is refused with two chunks swapped', async () => {
    const payload = Buffer.from(sealPayload(randomBytes(3 * chunkBytes), key));
    const first = payload.subarray(24, 24 + sealedChunk);
    const second = payload.subarray(24 + sealedChunk, 24 + 2 * sealedChunk);
    const swapped = Buffer.concat([payload.subarray(0, 24), second, first, payload.subarray(24 + 2 * sealedChunk)]);
    await expectCode('payload-authentication', () => openPayload(swapped, key));
  });
});
