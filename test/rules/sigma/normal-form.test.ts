import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../../base/json.js';
import { decodeSigma } from '../../../rules/sigma/normal-form.js';
import { expectCode } from '../../support/expect-code.js';

const rule = {
  v: 1,
  id: '6f2d1a52-3f0c-4a39-9a5e-0c5a4b7f1e11',
  title: 'Test',
  level: 'high',
  logsource: { product: 'windows' },
  detection: {
    selections: {
      a: {
        any: [
          { field: 'x', modifiers: ['contains'], values: ['v'] },
          { all: [{ values: ['k'] }, { field: 'n', values: [1, null] }] },
        ],
      },
      b: { field: 'y', values: [true] },
    },
    condition: ['and', ['any', '*'], ['not', 'b']],
  },
};
const { detection, ...metadata } = rule;
const correlation = {
  ...metadata,
  logsource: undefined,
  correlation: { type: 'temporal', rules: ['a', 'b'], timespanSeconds: 60, expression: ['and', 'a', 'b'] },
};

const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as Json;
const withDetection = (change: object) => json({ ...rule, detection: { ...detection, ...change } });
const withSelection = (selection: unknown) => withDetection({ selections: { a: selection, b: { values: ['k'] } } });
const withCondition = (condition: unknown) => withDetection({ condition });
const deep = (levels: number): unknown => (levels === 0 ? 'a' : [levels % 2 ? 'and' : 'or', deep(levels - 1), 'b']);

test('a line out of a pack is the rule that went in', () => {
  expect(canonicalJson(decodeSigma(json(rule)))).toBe(canonicalJson(rule));
  expect(decodeSigma(json(correlation))).toMatchObject({ correlation: { type: 'temporal' } });
  expect(decodeSigma(json({ ...metadata, filter: { ...detection, rules: 'any' } }))).toMatchObject({
    filter: { rules: 'any' },
  });
  expect(decodeSigma(withCondition(deep(24)))).toMatchObject({ id: rule.id });
});

describe('refused', () => {
  test.each<[string, Json]>([
    ['null', null],
    ['a list', []],
    ['no section', json(metadata)],
    ['another version', json({ ...rule, v: 2 })],
    ['no version', json({ ...rule, v: undefined })],
    ['another member', json({ ...rule, extra: 1 })],
    ['an id in capitals', json({ ...rule, id: rule.id.toUpperCase() })],
    ['another level', json({ ...rule, level: 'severe' })],
    ['an empty title', json({ ...rule, title: '' })],
    ['an empty log source', json({ ...rule, logsource: { definition: 'x' } })],
    ['an empty item', withSelection({ field: 'x', values: [] })],
    ['a list value', withSelection({ field: 'x', values: [['y']] })],
    ['another item member', withSelection({ field: 'x', values: ['y'], op: 'z' })],
    ['an empty field', withSelection({ field: '', values: ['y'] })],
    ['an unknown modifier', withSelection({ field: 'x', modifiers: ['near'], values: ['y'] })],
    ['an alias of a modifier', withSelection({ field: 'x', modifiers: ['wide'], values: ['y'] })],
    ['an unexpanded placeholder', withSelection({ field: 'x', modifiers: ['expand'], values: ['%y%'] })],
    ['a chain out of order', withSelection({ field: 'x', modifiers: ['contains', 're'], values: ['y'] })],
    ['a number for contains', withSelection({ field: 'x', modifiers: ['contains'], values: [1] })],
    ['a broken network', withSelection({ field: 'x', modifiers: ['cidr'], values: ['x'] })],
    ['text for a comparison', withSelection({ field: 'x', modifiers: ['gt'], values: ['5'] })],
    ['an empty keyword', withSelection({ values: [''] })],
    ['exists on keywords', withSelection({ modifiers: ['exists'], values: [true] })],
    ['an empty any', withSelection({ any: [] })],
    ['any and all', withSelection({ any: [{ values: ['y'] }], all: [{ values: ['y'] }] })],
    ['a selection too deep', withSelection({ any: [{ all: [{ any: [{ values: ['y'] }] }] }] })],
    ['an unknown name', withCondition('c')],
    ['a pattern that names nothing', withCondition(['any', 'c*'])],
    ['an unknown operator', withCondition(['xor', 'a', 'b'])],
    ['a negation of two', withCondition(['not', 'a', 'b'])],
    ['an and of one', withCondition(['and', 'a'])],
    ['a condition too deep', withCondition(deep(25))],
    [
      'an expression over another rule',
      json({ ...correlation, correlation: { ...correlation.correlation, expression: 'c' } }),
    ],
    ['no timespan', json({ ...correlation, correlation: { ...correlation.correlation, timespanSeconds: 0 } })],
    ['a filter without rules', json({ ...metadata, filter: detection })],
  ])('%s', async (_, value) => {
    await expectCode('sigma-normal-form', () => decodeSigma(value));
  });
});
