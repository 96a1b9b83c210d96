import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonFrames } from '../../events/json-frames.js';

/** What the frames of `text` are when it comes in pieces of `pieceSize` bytes. */
function frame(text: string | Buffer, pieceSize = 1 << 20, maxBytes?: number) {
  const bytes = Buffer.from(text as string);
  const objects: [offset: number, text: string][] = [];
  const skips: [code: string, offset: number][] = [];
  const lines: [offset: number, text: string][] = [];
  const frames = new JsonFrames(
    {
      object: (object, offset) => objects.push([offset, object.toString('utf8')]),
      skip: (code, offset) => skips.push([code, offset]),
      text: (bytes, offset) => lines.push([offset, bytes.toString('utf8')]),
    },
    0,
    maxBytes,
  );
  for (let at = 0; at < bytes.length; at += pieceSize) frames.push(Buffer.from(bytes.subarray(at, at + pieceSize)));
  frames.end();
  return { objects, skips, ...(lines.length > 0 && { lines }) };
}

const texts = ({ objects }: ReturnType<typeof frame>) => objects.map(([, text]) => text);

describe('objects', () => {
  test.each([
    ['one a line', '{"a":1}\n{"b":2}\n'],
    ['without the last line end', '{"a":1}\r\n\r\n{"b":2}'],
    ['on one line', '{"a":1}{"b":2}'],
    ['in an array', '[{"a":1},{"b":2}]'],
    ['in an array over lines', '[\n  {"a":1},\n  {"b":2}\n]\n'],
  ])('%s', (_name, text) => {
    for (const size of [1, 2, 3, 1000]) expect(frame(text, size)).toMatchObject({ skips: [] });
    for (const size of [1, 2, 3, 1000]) expect(texts(frame(text, size))).toEqual(['{"a":1}', '{"b":2}']);
  });

  test('one after the other over many lines', () => {
    const pretty = ['{\n  "a": {\n    "b": [\n      {\n"c": 1}\n    ]\n  }\n}', '{\n  "d": "}{][\\"\\\\"\n}'];
    const { objects, skips } = frame(pretty.join('\n'), 7);
    expect(objects).toEqual([
      [0, pretty[0]],
      [(pretty[0]?.length ?? 0) + 1, pretty[1]],
    ]);
    expect(skips).toEqual([]);
  });

  test('whatever they hold and however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        fc.integer({ min: 1, max: 9 }),
        (values, size) => {
          const lines = values.map((value) => JSON.stringify(value));
          expect(frame(lines.join('\n'), size)).toMatchObject({ skips: [] });
          expect(texts(frame(lines.join('\n'), size))).toEqual(lines);
          const pretty = values.map((value) => JSON.stringify(value, null, 2));
          expect(texts(frame(pretty.join('\n'), size))).toEqual(pretty);
        },
      ),
    );
  });
});

describe('what is no object', () => {
  test.each([
    ['text', 'hello {x}\n{"a":1}', ['json-not-object', 0]],
    ['numbers of an array', '[17, {"a":1}]', ['json-not-object', 1]],
    ['zeros', '\0\0\0\n{"a":1}', ['json-not-object', 0]],
    ['an object cut at a value', '{"x":12\n{"a":1}', ['json-syntax', 0]],
    ['an object cut in a string', '{"x":"ab\n{"a":1}', ['json-syntax', 0]],
    ['an object cut in an array', '{"x":[1\n{"a":1}', ['json-syntax', 0]],
    ['the last object', '{"a":1}\n{"x":', ['json-syntax', 8]],
  ])('%s is reported, and the next object read', (_name, text, skip) => {
    for (const size of [1, 1000]) {
      const outcome = frame(text, size);
      expect(texts(outcome)).toEqual(['{"a":1}']);
      expect(outcome.skips).toEqual([skip]);
    }
  });

  test('where objects come one a line, one cut after a colon does not take the next with it', () => {
    const { objects, skips } = frame('{"a":1}\n{"x":\n{"b":2}\n');
    expect(objects.map(([, text]) => text)).toEqual(['{"a":1}', '{"b":2}']);
    expect(skips).toEqual([['json-syntax', 8]]);
  });

  test('bytes of any kind are framed or reported, and never thrown at', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', '\n', ' ', 'a', '1', '\0'), {
          maxLength: 60,
        }),
        (characters) => {
          const text = characters.join('');
          expect(frame(text, 3)).toEqual(frame(text));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('one broken line takes no other line with it', () => {
  const line = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
  const edit = fc.record({ at: fc.nat(), cut: fc.nat(5), put: fc.string({ maxLength: 5 }) });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1 }),
      line,
      edit,
      fc.array(line),
      (before, broken, { at, cut, put }, after) => {
        const where = at % (broken.length + 1);
        const changed = broken.slice(0, where) + put.replaceAll('\n', '') + broken.slice(where + cut);
        const framed = texts(frame([...before, changed, ...after].join('\n'), 11));
        expect(framed.slice(0, before.length)).toEqual(before);
        expect(framed.slice(framed.length - after.length)).toEqual(after);
      },
    ),
    { numRuns: 300 },
  );
});

describe('limits', () => {
  test('a longer object is reported, and the next is read', () => {
    const long = `{"x":"${'y'.repeat(200)}"}`;
    for (const size of [1, 50, 1000])
      expect(frame(`{"a":1}\n${long}\n{"b":2}`, size, 100)).toEqual({
        objects: [
          [0, '{"a":1}'],
          [8 + long.length + 1, '{"b":2}'],
        ],
        skips: [['json-too-long', 8]],
      });
  });

  test('a deeper object is reported, and the next is read', () => {
    const nested = (levels: number) => '{"x":'.repeat(levels) + '1' + '}'.repeat(levels);
    expect(texts(frame(`${nested(64)}\n{"b":2}`))).toEqual([nested(64), '{"b":2}']);
    const { objects, skips } = frame(`${nested(65)}\n{"b":2}`);
    expect(objects.map(([, text]) => text)).toEqual(['{"b":2}']);
    expect(skips).toEqual([['json-depth', 0]]);
  });
});
