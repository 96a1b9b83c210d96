import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { foldCase } from '../../../rules/sigma/pattern.js';
import { regexLiterals } from '../../../rules/sigma/regex-literals.js';

describe('literals of expressions', () => {
  test.each<[string, string[] | null]>([
    ['abc', ['abc']],
    ['^Abc$', ['abc']],
    ['a.bcd', ['bcd']],
    ['(abc|def)', ['abc', 'def']],
    ['x(abc|def)y', ['xabcy', 'xdefy']],
    ['(?i)Power', ['power']],
    ['(?i:Power)Shell', ['powershell']],
    ['(?P<name>ab)(?:cd)', ['abcd']],
    ['ab+cd', ['cd']],
    ['(abc)+', ['abc']],
    ['(abc){2,}', ['abc']],
    ['a{0}bc', ['bc']],
    ['ab?c', ['a']],
    [String.raw`\\cmd\.exe\s+/c`, ['\\cmd.exe']],
    [String.raw`a\x41b`, ['aab']],
    ['[abc]def', ['def']],
    [String.raw`[\]a]def`, ['def']],
    ['[]a]def', ['def']],
    ['[[:alpha:]]def', ['def']],
    [String.raw`\pLdef\p{Greek}`, ['def']],
    ['é+abc', ['abc']],
    [String.raw`\n\ta`, ['\n\ta']],
    ['a|.', null],
    ['.*', null],
    ['(abc)?', null],
    [String.raw`\Qa.b\E`, null],
    ['(?=a)b', null],
    ['a**', null],
    ['(', null],
    ['a)', null],
  ])('%s', (source, literals) => {
    expect(regexLiterals(source)).toEqual(literals);
  });

  test('every text that an expression finds has one of its literals', () => {
    const leaf = fc.constantFrom(
      'a',
      'B',
      'k',
      's',
      'é',
      '.',
      '[ab]',
      '[^a]',
      '^',
      '$',
      String.raw`\.`,
      String.raw`\d`,
      String.raw`\b`,
      String.raw`\x61`,
    );
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => a + b),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}|${b})`),
        fc
          .tuple(tie('expression'), fc.constantFrom('*', '+', '?', '{0,2}', '{2}', '+?'))
          .map(([a, repeat]) => `(?:${a})${repeat}`),
      ),
    }));
    const text = fc.string({
      unit: fc.constantFrom('a', 'A', 'b', 'B', 'k', '\u212a', 's', '\u017f', 'é', '.', '1', '\n'),
      maxLength: 10,
    });
    fc.assert(
      fc.property(expression, text, fc.boolean(), (source, value, isInsensitive) => {
        const literals = regexLiterals(source);
        if (literals === null) return;
        if (!RE2JS.compile(source, isInsensitive ? RE2JS.CASE_INSENSITIVE : 0).test(value)) return;
        expect(literals.some((literal) => foldCase(value).includes(literal))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});
