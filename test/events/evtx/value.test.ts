import { describe, expect, test } from 'vitest';
import { bool, fileTime, guid, integer, sid, text, texts, type EvtxValue } from '../../../bench/evtx-values.js';
import { readFileTime, readFileTimeMs, readValue } from '../../../events/evtx/value.js';
import { expectCode } from '../../support/expect-code.js';

/** Reads the value from the middle of other bytes, so that a wrong offset shows. */
function read({ type, bytes }: EvtxValue) {
  return readValue(Buffer.concat([Buffer.alloc(3, 0xee), bytes, Buffer.alloc(9, 0xee)]), type, 3, bytes.length);
}

const hex = (type: number, digits: string): EvtxValue => ({ type, bytes: Buffer.from(digits, 'hex') });

describe('a value as a field', () => {
  test.each([
    ['null', { type: 0, bytes: Buffer.alloc(0) }, null],
    ['string', text('héllo ☃ '), 'héllo ☃ '],
    ['string with its NUL', text('run.exe\0'), 'run.exe'],
    ['empty string', text(''), ''],
    ['string of an odd size', hex(1, '410042'), 'A'],
    ['ansi string', hex(2, '63616680e900'), 'caf€é'],
    ['int8', hex(3, 'fe'), -2],
    ['uint8', hex(4, 'fe'), 254],
    ['int16', hex(5, 'feff'), -2],
    ['uint16', hex(6, 'feff'), 65534],
    ['int32', hex(7, 'feffffff'), -2],
    ['uint32', hex(8, 'feffffff'), 4294967294],
    ['int64', hex(9, 'feffffffffffffff'), -2],
    ['int64 beyond a double', hex(9, '0000000000000080'), '-9223372036854775808'],
    ['uint64', integer(2 ** 40, 8), 2 ** 40],
    ['uint64 beyond a double', hex(10, 'ffffffffffffffff'), '18446744073709551615'],
    ['real32', hex(11, '0000c03f'), 1.5],
    ['real64', hex(12, '000000000000f83f'), 1.5],
    ['real64 that is none', hex(12, '000000000000f87f'), 'NaN'],
    ['bool of four bytes', bool(true), true],
    ['irregular bool', hex(13, '00010000'), true],
    ['false', bool(false), false],
    ['binary', hex(14, '00ffa1'), '00FFA1'],
    ['guid', guid('0A1B2C3D-0001-0002-0304-0506070809AA'), '{0A1B2C3D-0001-0002-0304-0506070809AA}'],
    ['size_t of 4 bytes', hex(16, '10000000'), '0x10'],
    ['size_t of 8 bytes', hex(16, '1000000001000000'), '0x100000010'],
    ['filetime', fileTime(1_735_787_045_678.9), '2025-01-02T03:04:05.6789000Z'],
    ['systemtime', hex(18, 'e907010004000200030004000500a602'), '2025-01-02T03:04:05.678Z'],
    ['sid', sid('S-1-5-21-4294967295-2-500'), 'S-1-5-21-4294967295-2-500'],
    ['hexint32', integer(0x1fffff, 4, true), '0x1fffff'],
    ['hexint32 zero', integer(0, 4, true), '0x0'],
    ['hexint64', integer(0x3e7, 8, true), '0x3e7'],
    ['hexint64 with a high half', integer(0x8000000000000001n, 8, true), '0x8000000000000001'],
    ['string array', texts(['a', '', 'b']), ['a', '', 'b']],
    ['string array of one', texts(['a']), 'a'],
    ['string array without the last NUL', { type: 0x81, bytes: text('a\0b').bytes }, ['a', 'b']],
    ['empty array', { type: 0x81, bytes: Buffer.alloc(0) }, ''],
    ['uint16 array', hex(0x86, '01000200'), [1, 2]],
    ['hexint32 array', hex(0x94, '0a0000000b000000'), ['0xa', '0xb']],
    [
      'sid array',
      { type: 0x93, bytes: Buffer.concat([sid('S-1-1-0').bytes, sid('S-1-5-18').bytes]) },
      ['S-1-1-0', 'S-1-5-18'],
    ],
    ['number without bytes', { type: 8, bytes: Buffer.alloc(0) }, null],
  ] as const)('%s', (_name, value, expected) => expect(read(value)).toEqual(expected));

  test.each([
    ['value-size', hex(8, '0102')],
    ['value-size', hex(13, '01')],
    ['value-size', hex(15, '0102')],
    ['value-size', hex(16, '0102')],
    ['value-size', hex(19, '0105000000000005')],
    ['value-size', hex(19, '01')],
    ['value-size', hex(0x88, '010203')],
    ['value-type', hex(0x16, '01')],
    ['value-type', hex(0x23, '01')],
    ['value-type', hex(0x8e, '01')],
    ['value-type', hex(0xa1, '01')],
  ])('%s', async (code, value) => {
    await expectCode(code, () => read(value));
  });
});

describe('FILETIME', () => {
  test.each([
    ['0000000000000000', '1601-01-01T00:00:00.0000000Z'],
    ['ffffffffffffffff', '+060056-05-28T05:36:10.9551615Z'],
    ['0080000000000000', '1601-01-01T00:00:00.0032768Z'],
  ])('%s', (digits, expected) => expect(readFileTime(Buffer.from(digits, 'hex'), 0, 7)).toBe(expected));

  test('cuts the last digit where six are asked for', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(116_444_736_000_000_009n);
    expect(readFileTime(bytes, 0, 6)).toBe('1970-01-01T00:00:00.000000Z');
    expect(readFileTimeMs(bytes, 0)).toBe(0.0009);
  });

  test('keeps every step of the present', () => {
    for (let step = 0n; step < 1000n; step++) {
      const ticks = 133_800_000_000_000_000n + step * 9_999_991n;
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(ticks);
      const text = readFileTime(bytes, 0, 7);
      const seconds = BigInt(Date.parse(`${text.slice(0, 19)}Z`) / 1000) + 11_644_473_600n;
      expect(seconds * 10_000_000n + BigInt(text.slice(20, 27))).toBe(ticks);
    }
  });
});
