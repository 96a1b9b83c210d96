import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namesIn, parseCondition, selectNames, type Condition } from '../../../rules/sigma/condition.js';

const names = new Set(['a', 'b', 'c', 'sel_1', 'sel_2', 'other-sel', '_hidden', '_hidden_2', 'all', '1']);
const parse = (text: string) => parseCondition(text, names);

describe('grammar (Sigma 2.1, "Condition")', () => {
  test.each<[string, Condition]>([
    ['a', 'a'],
    ['  a  ', 'a'],
    ['a and b', ['and', 'a', 'b']],
    ['a or b and c', ['or', 'a', ['and', 'b', 'c']]],
    ['a and b or c', ['or', ['and', 'a', 'b'], 'c']],
    ['a and not b', ['and', 'a', ['not', 'b']]],
    ['not a and b', ['and', ['not', 'a'], 'b']],
    ['not (a or b)', ['not', ['or', 'a', 'b']]],
    ['not not a', 'a'],
    ['not (not a)', 'a'],
    ['a and (b and c)', ['and', 'a', 'b', 'c']],
    ['(a or b) and c', ['and', ['or', 'a', 'b'], 'c']],
    ['((a))', 'a'],
    ['a AND NOT b Or c', ['or', ['and', 'a', ['not', 'b']], 'c']],
    ['1 of sel_*', ['any', 'sel_*']],
    ['any of sel_*', ['any', 'sel_*']],
    ['all of sel_*', ['all', 'sel_*']],
    ['ALL OF THEM', ['all', '*']],
    ['1 of them', ['any', '*']],
    ['not 1 of sel_*', ['not', ['any', 'sel_*']]],
    ['a and not all of *sel*', ['and', 'a', ['not', ['all', '*sel*']]]],
    ['1 of _hidden*', ['any', '_hidden*']],
    ['1 of a', ['any', 'a']],
    ['other-sel', 'other-sel'],
    ['all', 'all'],
    ['1 and all', ['and', '1', 'all']],
    ['a\n  and b', ['and', 'a', 'b']],
  ])('%j', (text, condition) => {
    expect(parse(text)).toEqual({ condition, faults: [] });
  });

  test.each<[string, string, number]>([
    ['', 'condition-syntax', 0],
    ['a and', 'condition-syntax', 5],
    ['a b', 'condition-syntax', 2],
    ['and a', 'condition-syntax', 0],
    ['(a', 'condition-syntax', 2],
    ['a)', 'condition-syntax', 1],
    ['a and (b or )', 'condition-syntax', 12],
    ['not', 'condition-syntax', 3],
    ['1 of', 'condition-syntax', 4],
    ['1 of (a)', 'condition-syntax', 5],
    ['a & b', 'condition-syntax', 2],
    ['2 of sel_*', 'condition-quantifier', 0],
    ['a and missing', 'selection-unknown', 6],
    ['1 of missing*', 'selection-unknown', 5],
    ['a | count() by b > 5', 'aggregation-obsolete', 2],
    ['a | near b', 'aggregation-obsolete', 2],
  ])('refuses %j with %s', (text, code, offset) => {
    const { condition, faults } = parse(text);
    expect(condition).toBeNull();
    expect(faults.map((fault) => [fault.code, fault.offset])).toEqual([[code, offset]]);
  });

  test('quotes a whole character', () => {
    expect(parse('a and 😀').faults.map(({ message }) => message)).toEqual([
      expect.stringContaining('got "😀"') as string,
    ]);
  });

  test('reports every unknown selection at once', () => {
    expect(parse('x and y or not z').faults.map((fault) => fault.offset)).toEqual([0, 6, 15]);
  });
});

describe('bounds', () => {
  test('200 pairs of parentheses are an answer', () => {
    expect(parse(`${'('.repeat(200)}a${')'.repeat(200)}`).condition).toBe('a');
  });

  test('100,000 parentheses are a fault', () => {
    expect(parse('('.repeat(60_000)).faults[0]?.code).toBe('condition-depth');
    expect(parse('('.repeat(100_000)).faults[0]?.code).toBe('condition-depth');
  });

  test('operators nest 24 deep and no deeper', () => {
    const nest = (depth: number) =>
      Array.from({ length: depth }, (_, level) => (level % 2 ? 'b or (' : 'c and (')).join('') +
      'a' +
      ')'.repeat(depth);
    expect(parse(nest(23)).faults).toEqual([]);
    expect(parse(nest(24)).faults[0]?.code).toBe('condition-depth');
  });

  test('a run of 10,000 negations and one of 5,000 operands are answers', () => {
    expect(parse(`${'not '.repeat(10_000)}a`).condition).toBe('a');
    expect(parse(Array.from({ length: 5000 }, () => 'a').join(' and ')).condition).toHaveLength(5001);
  });

  test('any text ends in a condition or in faults', () => {
    const word = fc.constantFrom('a', 'b', 'and', 'or', 'not', '1', 'of', 'them', 'sel_*', '(', ')', '|', '"', ' ');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        const { condition, faults } = parse(words.join(' '));
        expect(condition === null).toBe(faults.length > 0);
      }),
    );
  });
});

describe('patterns of selection names', () => {
  const all = [...names];
  test.each<[string, string[]]>([
    ['sel_*', ['sel_1', 'sel_2']],
    ['*sel', ['other-sel']],
    ['*e*l*', ['sel_1', 'sel_2', 'other-sel']],
    ['_*', ['_hidden', '_hidden_2']],
    ['*hidden', []],
  ])('%s', (pattern, selected) => {
    expect(selectNames(pattern, all)).toEqual(selected);
  });

  test('the names that a condition looks at', () => {
    const { condition } = parse('a and not 1 of sel_*');
    expect(condition && [...namesIn(condition, all)]).toEqual(['a', 'sel_1', 'sel_2']);
  });
});
