import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareUtf8, decodeBase64, decodeHex, encodeBase64, encodeHex } from '../../base/bytes.js';
import { expectCode } from '../support/expect-code.js';

describe('hex and base64', () => {
  test('go there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeHex(encodeHex(bytes))).toEqual(bytes);
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  test('have one spelling a value', async () => {
    for (const text of ['A0', 'a', 'a0 ', '0x00', 'gg']) await expectCode('hex-invalid', () => decodeHex(text));
    for (const text of ['AA', 'AB==', 'A A=', 'AAA=\n', '-_8=', 'AAAA===', '='])
      await expectCode('base64-invalid', () => decodeBase64(text));
  });

  test('have the length that is asked for', async () => {
    await expectCode('hex-invalid', () => decodeHex('00ff', 3));
    await expectCode('base64-invalid', () => decodeBase64('AAA=', 3));
  });
});

test('the order by UTF-8 bytes differs from the order of JavaScript strings', () => {
  expect(['😀', '\uffee', 'a'].sort(compareUtf8)).toEqual(['a', '\uffee', '😀']);
  expect(['😀', '\uffee', 'a'].sort()).toEqual(['a', '😀', '\uffee']);
});
