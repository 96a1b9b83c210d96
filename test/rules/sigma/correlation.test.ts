import { describe, expect, test } from 'vitest';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';

const id = '0b6a1c7e-55e1-4a5e-8f7e-2d5f0c8e9a01';
const compile = (section: string, outside = '') => {
  const text = `title: Many\nid: ${id}\n${outside}correlation:\n${section.replaceAll(/^/gm, '    ')}\n`;
  const { rules, faults } = compileSigmaFile(text, 'many.yml');
  const value = rules[0]?.value as { correlation?: unknown } | undefined;
  return { correlation: value?.correlation, faults: faults.map(({ code, place }) => [code, place.line]) };
};

const count = 'type: event_count\nrules: failed\ntimespan: 90m\ncondition: {gte: 10}';

describe('normal form of correlations', () => {
  test.each<[string, string, unknown]>([
    ['event_count', count, { type: 'event_count', rules: ['failed'], timespanSeconds: 5400, condition: { gte: 10 } }],
    [
      'value_count over two fields, a range, groups',
      'type: value_count\nrules:\n  - failed\n  - 11111111-AAAA-4333-8444-555555555555\ngroup-by: [Computer, User]\ntimespan: 1d\ncondition: {field: [User, Domain], gt: 100, lte: 200}',
      {
        type: 'value_count',
        rules: ['failed', '11111111-aaaa-4333-8444-555555555555'],
        groupBy: ['Computer', 'User'],
        timespanSeconds: 86_400,
        condition: { field: ['User', 'Domain'], gt: 100, lte: 200 },
      },
    ],
    [
      'temporal',
      'type: temporal\nrules: [a, b]\ngroup-by: User\ntimespan: 5m',
      { type: 'temporal', rules: ['a', 'b'], groupBy: ['User'], timespanSeconds: 300 },
    ],
    [
      'temporal_ordered with aliases and generate',
      'type: temporal_ordered\nrules: [a, b]\ngroup-by: ip\ntimespan: 10s\naliases: {ip: {a: dst.ip, b: src.ip}}\ngenerate: true',
      {
        type: 'temporal_ordered',
        rules: ['a', 'b'],
        groupBy: ['ip'],
        timespanSeconds: 10,
        aliases: { ip: { a: 'dst.ip', b: 'src.ip' } },
        generate: true,
      },
    ],
    [
      'an extended condition',
      'type: temporal\ntimespan: 1h\ncondition: a and not (b or c)',
      {
        type: 'temporal',
        rules: ['a', 'b', 'c'],
        timespanSeconds: 3600,
        expression: ['and', 'a', ['not', ['or', 'b', 'c']]],
      },
    ],
    [
      'value_percentile',
      'type: value_percentile\nrules: a\ntimespan: 1h\ncondition: {field: x, gte: 5, percentile: 95}',
      {
        type: 'value_percentile',
        rules: ['a'],
        timespanSeconds: 3600,
        condition: { field: ['x'], gte: 5, percentile: 95 },
      },
    ],
    [
      'value_sum',
      'type: value_sum\nrules: a\ntimespan: 1h\ncondition: {field: x, gt: 1.5}',
      { type: 'value_sum', rules: ['a'], timespanSeconds: 3600, condition: { field: ['x'], gt: 1.5 } },
    ],
  ])('%s', (_, section, correlation) => {
    expect(compile(section)).toEqual({ correlation, faults: [] });
  });

  test('generate may stand outside the section, as the list of attributes has it', () => {
    expect(compile(count, 'generate: true\n').correlation).toMatchObject({ generate: true });
    expect(compile(count, 'generate: false\n').correlation).not.toHaveProperty('generate');
  });
});

describe('faults of correlations', () => {
  test.each<[string, string, number]>([
    [count.replace('event_count', 'events'), 'correlation-type', 4],
    [count.replace('rules: failed\n', ''), 'correlation-rules', 4],
    [count.replace('rules: failed', 'rules: [a, a]'), 'correlation-rules', 5],
    [count.replace('rules: failed', 'rules: [[a]]'), 'correlation-rules', 5],
    [count.replace('90m', '90'), 'correlation-timespan', 6],
    [count.replace('90m', '0s'), 'correlation-timespan', 6],
    [count.replace('90m', '2q'), 'correlation-timespan', 6],
    [count.replace('90m', '400d'), 'correlation-timespan', 6],
    [count.replace('timespan: 90m\n', ''), 'correlation-timespan', 4],
    [count.replace('condition: {gte: 10}', ''), 'correlation-condition', 4],
    [count.replace('{gte: 10}', '{}'), 'correlation-condition', 7],
    [count.replace('{gte: 10}', '{gte: many}'), 'correlation-condition', 7],
    [count.replace('{gte: 10}', '{atleast: 10}'), 'correlation-condition', 7],
    [count.replace('{gte: 10}', '{gte: 10, field: x}'), 'correlation-condition', 7],
    [count.replace('{gte: 10}', 'failed'), 'correlation-condition', 7],
    [count.replace('event_count', 'value_count'), 'correlation-condition', 7],
    [
      count.replace('event_count', 'value_sum').replace('gte: 10', 'gte: 10, field: [a, b]'),
      'correlation-condition',
      7,
    ],
    [count.replace('gte: 10', 'gte: 10, percentile: 5'), 'correlation-condition', 7],
    [`${count}\ngroup-by: [{a: b}]`, 'correlation-group-by', 8],
    [`${count}\naliases: x`, 'correlation-aliases', 8],
    [`${count}\naliases: {a: x}`, 'correlation-aliases', 8],
    [`${count}\ngenerate: maybe`, 'correlation-invalid', 8],
    [`${count}\ngroupby: x`, 'correlation-invalid', 8],
    ['type: temporal\nrules: [a, b]\ntimespan: 1h\ncondition: a and c', 'selection-unknown', 7],
  ])('%#: %j', (section, code, line) => {
    const { correlation, faults } = compile(section);
    expect(correlation).toBeUndefined();
    expect(faults).toContainEqual([code, line]);
  });
});
