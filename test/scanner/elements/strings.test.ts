import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringsOf } from '../../../scanner/elements/strings.js';
import {
  linesOf,
  maxLineBytes,
  stringBlocks,
  type TextBlock,
  textBlocks,
} from '../../../scanner/elements/text-blocks.js';

/** The same by regular expressions, which say what is meant. */
function expected(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  const narrow = text.match(/[\t\x20-\x7e]{4,}/g) ?? [];
  const wide = [0, 1].flatMap((parity) => {
    let units = '';
    for (let at = parity; at + 1 < bytes.length; at += 2)
      units += bytes[at + 1] === 0 && (bytes[at] ?? 0) < 0x7f ? String.fromCharCode(bytes[at] ?? 0) : '\n';
    return units.match(/[\t\x20-\x7e]{4,}/g) ?? [];
  });
  return bytes.includes(0) ? [...narrow, ...wide] : narrow;
}

const bytesOf = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0x41), fc.constant(0x7e), fc.integer({ min: 0, max: 255 })), {
    maxLength: 120,
  })
  .map((codes) => Buffer.from(codes));

describe('strings of binary data', () => {
  test('are all runs of four and more, narrow and wide', () => {
    fc.assert(
      fc.property(bytesOf, (bytes) => {
        expect(stringsOf(bytes).split('\n').slice(0, -1)).toEqual(expected(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(blocks: AsyncGenerator<TextBlock>): Promise<{ text: string; number: number }[]> {
  const lines: { text: string; number: number }[] = [];
  for await (const block of blocks) lines.push(...linesOf(block));
  return lines;
}

describe('blocks', () => {
  test('have every line with its number, however the file comes', async () => {
    const lines = Array.from({ length: 5000 }, (_, at) => (at % 7 === 3 ? '' : `line ${at} ${'é'.repeat(at % 40)}`));
    const bytes = Buffer.from(lines.join('\r\n'));
    const wanted = lines.flatMap((text, at) => (text === '' ? [] : [{ text, number: at + 1 }]));
    for (const size of [1000, 4097, 1 << 20]) expect(await collect(textBlocks(pieces(bytes, size)))).toEqual(wanted);
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(lines.join('\r\n'), 'utf16le')]);
    expect(await collect(textBlocks(pieces(wide, 1001)))).toEqual(wanted);
  });

  test('of a line that is too long overlap, so that nothing is cut', async () => {
    const mark = 'mark-in-the-middle';
    const bytes = Buffer.from(`${'x'.repeat(maxLineBytes - 9)}${mark}${'y'.repeat(2_000_000)}\nnext\n`);
    const lines = await collect(textBlocks(pieces(bytes, 65_536)));
    expect(lines.some(({ text }) => text.includes(mark))).toBe(true);
    expect(lines.at(-1)).toEqual({ text: 'next', number: 2 });
    const strings = Buffer.concat([Buffer.alloc(65_530), Buffer.from(mark), Buffer.alloc(9)]);
    expect((await collect(stringBlocks(pieces(strings, 65_536)))).map(({ text }) => text)).toContain(mark);
  });
});
