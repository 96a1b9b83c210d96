import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.js';
import { canonicalJson, maxJsonDepth, parseCanonicalJson, parseJson } from '../../base/json.js';
import { expectCode } from '../support/expect-code.js';

describe('canonical JSON', () => {
  test('is the example of RFC 8785 section 3.2.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('sorts members by UTF-16 code units (RFC 8785 section 3.2.3)', () => {
    const value = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 };
    const order = Object.values(JSON.parse(canonicalJson(value)) as object);
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
    expect(order).toHaveLength(7);
  });

  test('has no word for what JSON cannot hold', () => {
    for (const value of [NaN, Infinity, '\ud800', { a: '\udc00' }, 1n, () => 1])
      expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  test('is a fixed point, and the value stays the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(parseCanonicalJson(utf8(text)))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('parseJson', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.nat(4), (text, indent) => {
        fc.pre(!text.includes('"__proto__"'));
        const pretty = JSON.stringify(JSON.parse(text), null, indent);
        expect(parseJson(pretty)).toEqual(JSON.parse(pretty));
      }),
    );
  });

  test(`refuses more than ${maxJsonDepth} levels before parsing`, async () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJson(nested(maxJsonDepth))).toBeDefined();
    await expectCode('json-depth', () => parseJson(nested(maxJsonDepth + 1)));
    await expectCode('json-depth', () => parseJson('{"a":'.repeat(100_000)));
    expect(parseJson(JSON.stringify(nested(100)))).toBe(nested(100));
  });

  test('refuses duplicate members in every spelling and at every depth', async () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}',
      '[{"x":{"a":1,"b":[],"a":{}}}]',
      '{"b":1,"a":1,"c":1,"b":1}',
      '{"b":1,"a":1,"a":1}',
      '{"":1,"":1}',
    ])
      await expectCode('json-duplicate-key', () => parseJson(text));
    for (const text of ['[{"a":1},{"a":1}]', '{"a":{"a":"a"}}', '{"a":["a","a"]}', '{"a":"\\",\\"a\\":"}'])
      expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test('refuses a member called __proto__ in every spelling and at every depth', async () => {
    for (const text of ['{"__proto__":1}', '{"a":[{"b":1,"__proto__":{}}]}', '{"\\u005f_proto__":1}'])
      await expectCode('json-member-name', () => parseJson(text));
    expect(parseJson('{"a":"__proto__","proto":1,"constructor":2}')).toMatchObject({ a: '__proto__', constructor: 2 });
  });

  test('refuses broken text and broken UTF-8', async () => {
    for (const text of ['', '{', '{"a"', '"', '"\\', '{"a":1,}', '[1 2]', 'nul', '\ufeff{}'])
      await expectCode('json-syntax', () => parseJson(text));
    await expectCode('utf8-invalid', () => parseJson(new Uint8Array([0x22, 0xc3, 0x22])));
  });

  test('a refusal quotes nothing of the text, which may be a secret', async () => {
    for (const text of [
      'AGE-SECRET-AAAABBBBCCCCDDDDEEEEFFFFGGGG',
      '{"secret":SECRETSECRETSECRET}',
      '{"secret":"SECRET"\u0001}',
      `{"token":${'SECRET'.repeat(20)}}`,
      '{"a":SECRET "is not valid JSON',
    ]) {
      const error = await expectCode('json-syntax', () => parseJson(text, 'host.key'));
      expect(error.message).toMatch(/^host\.key: expected JSON, got \S/);
      expect(`${error.message} ${String(error.cause)} ${error.stack ?? ''}`).not.toMatch(/SECRET|AAAA/);
    }
  });

  test('canonical only, when asked', async () => {
    for (const text of ['{ "a":1}', '{"b":1,"a":2}', '1.0', '"\\u0061"', '[1]\n'])
      await expectCode('json-not-canonical', () => parseCanonicalJson(utf8(text)));
    for (const text of ['"\\ud800"', '"\\uD800"', '{"\\udfff":1}'])
      await expectCode('json-not-canonical', () => parseCanonicalJson(utf8(text)));
    for (const text of ['{"1":1,"10":1,"2":1}', '{"10":1,"9":1,"a":1}', '"\\\\ud800"'])
      expect(canonicalJson(parseCanonicalJson(utf8(text)))).toBe(text);
  });
});
