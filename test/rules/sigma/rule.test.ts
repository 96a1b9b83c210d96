import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../base/json.js';
import { decodeSigma } from '../../../rules/sigma/normal-form.js';
import { compileSigmaFile, type CompileOptions } from '../../../rules/sigma/rule.js';

const id = '6f2d1a52-3f0c-4a39-9a5e-0c5a4b7f1e11';
const head = `title: Test\nid: ${id}\nlogsource:\n    product: windows\n    category: process_creation\n`;
const rule = (detection: string) => `${head}detection:\n${detection.replaceAll(/^/gm, '    ')}\n`;

const compile = (text: string, options?: CompileOptions) => {
  const { rules, faults } = compileSigmaFile(text, 'rule.yml', options);
  return {
    rules,
    faults,
    codes: faults.map(({ code }) => code),
    places: faults.map(({ code, place }) => [code, place.line, place.column]),
  };
};

describe('normal form', () => {
  const whole = `title: Encoded command
id: ${id.toUpperCase()}
name: encoded_command
related:
    - id: 11111111-2222-4333-8444-555555555555
      type: similar
status: test
description: |
    Finds a command.
references:
    - https://example.org/a
author: Somebody
date: 2025-01-02
modified: 2025-02-03
tags:
    - attack.execution
logsource:
    product: windows
    category: process_creation
    definition: needs command lines
detection:
    selection_image:
        - Image|endswith:
              - '\\powershell.exe'
              - '\\pwsh.exe'
        - OriginalFileName: 'PowerShell.EXE'
    selection_cli:
        CommandLine|contains|all:
            - ' -e '
            - 'x'
        ProcessId: 4
        Empty: ''
        Nothing: null
    keywords:
        - alpha
        - 7
    filter_main:
        User|wide|base64offset|contains: root
    condition: all of selection_* and keywords and not 1 of filter_*
falsepositives:
    - Unlikely
level: high
custom: dropped
`;

  test('of a whole rule', () => {
    const { rules, faults } = compile(whole);
    expect(faults).toEqual([]);
    expect(rules).toHaveLength(1);
    expect(rules[0]).toMatchObject({ kind: 'sigma', id, place: { file: 'rule.yml', line: 1, column: 1 } });
    expect(rules[0]?.value).toEqual({
      v: 1,
      id,
      title: 'Encoded command',
      name: 'encoded_command',
      related: [{ id: '11111111-2222-4333-8444-555555555555', type: 'similar' }],
      status: 'test',
      description: 'Finds a command.\n',
      references: ['https://example.org/a'],
      author: 'Somebody',
      date: '2025-01-02',
      modified: '2025-02-03',
      tags: ['attack.execution'],
      logsource: { product: 'windows', category: 'process_creation', definition: 'needs command lines' },
      detection: {
        selections: {
          selection_image: {
            any: [
              { field: 'Image', modifiers: ['endswith'], values: ['\\powershell.exe', '\\pwsh.exe'] },
              { field: 'OriginalFileName', values: ['PowerShell.EXE'] },
            ],
          },
          selection_cli: {
            all: [
              { field: 'CommandLine', modifiers: ['contains', 'all'], values: [' -e ', 'x'] },
              { field: 'ProcessId', values: [4] },
              { field: 'Empty', values: [''] },
              { field: 'Nothing', values: [null] },
            ],
          },
          keywords: { values: ['alpha', 7] },
          filter_main: { field: 'User', modifiers: ['utf16le', 'base64offset', 'contains'], values: ['root'] },
        },
        condition: ['and', ['all', 'selection_*'], 'keywords', ['not', ['any', 'filter_*']]],
      },
      falsepositives: ['Unlikely'],
      level: 'high',
    });
  });

  test('is the same whatever the order and spelling of the YAML', () => {
    const other = `{level: high, "title": "T", id: ${id}, logsource: {product: w}, detection: {condition: a, a: {x: 'y'}}}`;
    const same = `id: ${id}\nlogsource:\n  product: w\ndetection:\n  a:\n    x: y\n  condition: (a)\ntitle: T # note\nlevel: high\n`;
    const [a] = compile(other).rules;
    const [b] = compile(same).rules;
    expect(a).toBeDefined();
    expect(canonicalJson(a?.value)).toBe(canonicalJson(b?.value));
  });

  test.each<[string, unknown]>([
    ['sel: word\ncondition: sel', { sel: { values: ['word'] } }],
    ["sel:\n  '|all':\n    - a\n    - b\ncondition: sel", { sel: { modifiers: ['all'], values: ['a', 'b'] } }],
    [
      'sel:\n  - a\n  - x: 1\n  - b\ncondition: sel',
      { sel: { any: [{ values: ['a', 'b'] }, { field: 'x', values: [1] }] } },
    ],
    [
      'sel:\n  - x: 1\n    y: 2\ncondition: sel',
      {
        sel: {
          all: [
            { field: 'x', values: [1] },
            { field: 'y', values: [2] },
          ],
        },
      },
    ],
    ['sel:\n  a.b|re: "(?i)x"\ncondition: sel', { sel: { field: 'a.b', modifiers: ['re'], values: ['(?i)x'] } }],
    ['sel:\n  x: true\ncondition: sel', { sel: { field: 'x', values: [true] } }],
  ])('of %j', (detection, selections) => {
    expect(compile(rule(detection)).rules[0]?.value).toMatchObject({ detection: { selections } });
  });

  test('a list of conditions is any of them', () => {
    expect(compile(rule('a: x\nb: y\ncondition:\n  - a\n  - not b')).rules[0]?.value).toMatchObject({
      detection: { condition: ['or', 'a', ['not', 'b']] },
    });
  });
});

describe('expand', () => {
  const text = rule("sel:\n  User|expand: '%admins%'\ncondition: sel");

  test('takes the given values and leaves no trace', () => {
    const placeholders = new Map([['admins', ['adm_*', 'root']]]);
    expect(compile(text, { placeholders }).rules[0]?.value).toMatchObject({
      detection: { selections: { sel: { field: 'User', values: ['adm_*', 'root'] } } },
    });
  });

  test('without values the rule is left out, with its own code and place', () => {
    const { rules, places } = compile(text);
    expect(rules).toEqual([]);
    expect(places).toEqual([['placeholder-unresolved', 8, 20]]);
  });

  test('one value may become several for "all"', () => {
    const all = rule("sel:\n  User|contains|all|expand: '%parts%'\ncondition: sel");
    const placeholders = new Map([['parts', ['a', 'b']]]);
    expect(compile(all, { placeholders }).codes).toEqual([]);
  });
});

describe('ids', () => {
  const bare = rule('a: x\ncondition: a').replace(`id: ${id}\n`, '');

  test('are required in packs', () => {
    expect(compile(bare)).toMatchObject({ rules: [], codes: ['id-missing'] });
  });

  test('are derived from the content where they are not', () => {
    const derived = (text: string) => compile(text, { requireId: false }).rules[0]?.id;
    expect(derived(bare)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(derived(bare)).toBe(derived(`# other spelling\n${bare}`));
    expect(derived(bare)).not.toBe(derived(bare.replace('x', 'y')));
  });

  test('once a file', () => {
    const twice = `${rule('a: x\ncondition: a')}---\n${rule('a: y\ncondition: a')}`;
    expect(compile(twice)).toMatchObject({ places: [['id-duplicate', 10, 1]], rules: [{ id }] });
  });
});

describe('faults', () => {
  test('come all at once, each with its place', () => {
    const text = `title: Broken
id: not-a-uuid
status: new
level: severe
date: 2025-13-01
tags:
    - Attack
logsource:
    definition: nothing else
detection:
    sel:
        Image|endwith: a
        CommandLine|contains|re: b
        Ip|cidr: 10.0.0.1/8
        Text|re: '(?=x)'
        List: [a, null]
        Empty: []
        Map: {a: b}
        One|contains|all: a
    other: []
    condition: sel and (missing or
`;
    expect(compile(text).places).toEqual(
      [
        ['id-invalid', 2, 5],
        ['status-unknown', 3, 9],
        ['level-unknown', 4, 8],
        ['date-invalid', 5, 7],
        ['tag-invalid', 7, 7],
        ['logsource-invalid', 9, 5],
        ['modifier-unknown', 12, 15],
        ['modifier-order', 13, 30],
        ['cidr-invalid', 14, 18],
        ['regex-invalid', 15, 18],
        ['null-in-list', 16, 19],
        ['selection-empty', 17, 16],
        ['selection-shape', 18, 14],
        ['all-single-value', 19, 9],
        ['selection-empty', 20, 12],
        ['selection-unknown', 21, 25],
        ['condition-syntax', 21, 35],
      ].filter(([code]) => code !== 'date-invalid' && code !== 'tag-invalid'),
    );
  });

  const refused: readonly [string, string, string][] = [
    ['', 'no document at all', ''],
    ['- a\n', 'a list', 'document-kind'],
    ['text\n', 'text', 'document-kind'],
    [`${head}detection: x\n`, 'text as detection', 'detection-missing'],
    [head, 'no section', 'detection-missing'],
    [`${rule('a: x\ncondition: a')}filter: {}\n`, 'two sections', 'document-kind'],
    [rule('a: x\ncondition: a').replace('title: Test\n', ''), 'no title', 'title-missing'],
    [rule('a: x\ncondition: a').replace('title: Test', 'title: [a]'), 'a list as title', 'metadata-type'],
    [rule('a: x\ncondition: a').replace(/logsource:\n.*\n.*\n/, ''), 'no log source', 'logsource-missing'],
    [rule('a: x\ncondition: a').replace('product: windows', 'product: [a]'), 'a list as product', 'logsource-invalid'],
    [`references: x\n${rule('a: x\ncondition: a')}`, 'text as references', 'metadata-type'],
    [`related: [{id: 1, type: x}]\n${rule('a: x\ncondition: a')}`, 'a broken relation', 'metadata-type'],
    [`action: global\n${rule('a: x\ncondition: a')}`, 'an action', 'action-obsolete'],
    [rule('a: x'), 'no condition', 'condition-missing'],
    [rule('a: x\ncondition: 5'), 'a number as condition', 'condition-syntax'],
    [rule('a: x\ncondition: []'), 'no conditions', 'condition-missing'],
    [rule('a: x\ncondition: a | count() > 5'), 'an aggregation', 'aggregation-obsolete'],
    [rule('a: x\ntimeframe: 5m\ncondition: a'), 'a timeframe', 'aggregation-obsolete'],
    [rule('a: null\ncondition: a'), 'a null keyword', 'value-type'],
    [rule("a: ['']\ncondition: a"), 'an empty keyword', 'value-type'],
    [rule('a: {}\ncondition: a'), 'an empty map', 'selection-empty'],
    [rule('a: [[x]]\ncondition: a'), 'a list in a list', 'selection-shape'],
    [rule("a:\n  '|exists': true\ncondition: a"), 'exists without a field', 'modifier-field'],
    [rule('a:\n  x|exists: 1\ncondition: a'), 'a number for exists', 'modifier-value'],
    [rule('a:\n  x|expand: 5\ncondition: a'), 'a number for expand', 'modifier-value'],
  ];

  test.each(refused.map(([text, name, code]) => [name, code, text] as const))('%s: %s', (name, code, text) => {
    const { rules, faults } = compile(text);
    expect(rules, name).toEqual([]);
    expect(faults.filter(({ severity }) => severity === 'error').map((fault) => fault.code)).toEqual(
      code === '' ? [] : expect.arrayContaining([code]),
    );
  });

  test('warnings leave the rule in', () => {
    const { rules, codes } = compile(`tags: [X]\ndate: 2025/01/02\n${rule('a: x\nunused: y\ncondition: a')}`);
    expect(rules).toHaveLength(1);
    expect(codes).toEqual(['tag-invalid', 'date-invalid', 'selection-unused']);
  });

  test('a broken document leaves the others of its file', () => {
    const { rules, codes } = compile(`title: x\n---\n${rule('a: x\ncondition: a')}`);
    expect(rules.map((compiled) => compiled.id)).toEqual([id]);
    expect(rules[0]?.place.line).toBe(3);
    expect(codes).toEqual(['detection-missing', 'id-missing']);
  });
});

describe('large rules', () => {
  test('10,000 values', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => `    - value${index}`).join('\n');
    const { rules, faults } = compile(rule(`a:\n  x|contains:\n${values}\ncondition: a`));
    expect(faults).toEqual([]);
    expect(rules).toHaveLength(1);
  });

  test('200 levels of parentheses', () => {
    expect(compile(rule(`a: x\ncondition: ${'('.repeat(200)}a${')'.repeat(200)}`)).rules).toHaveLength(1);
  });
});

test('the pointer to samples is kept beside the normal form', () => {
  const [compiled] = compile(`regression_tests_path: data/info.yml\n${rule('a: x\ncondition: a')}`).rules;
  expect(compiled?.regressionTestsPath).toBe('data/info.yml');
  expect(canonicalJson(compiled?.value)).not.toContain('info.yml');
});

describe('any text', () => {
  const whole = `${rule("a:\n  x|contains|all: [a, 'b*']\nb: [k, {y|re: 'z+'}]\ncondition: 1 of a* and not b")}---\n${head.replace(id, id.replace('6', '7'))}correlation: {type: event_count, rules: [a], timespan: 5m, condition: {gte: 2}}\n`;

  test('ends in rules or faults with places inside it, however a good file is damaged', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '',
        ' ',
        '\n',
        ':',
        '- ',
        '|',
        '&a ',
        '*a',
        '!!str ',
        '[',
        '{',
        '"',
        "'",
        '#',
        '---\n',
        '\t',
        '\ufeff',
        '%',
        '? ',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const edit = fc.record({ at: fc.nat(whole.length), cut: fc.nat(6), piece });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        let text = whole;
        for (const change of edits) text = text.slice(0, change.at) + change.piece + text.slice(change.at + change.cut);
        const { rules, faults } = compileSigmaFile(text, 'fuzz.yml');
        const lines = text.split('\n').length;
        for (const { place } of faults) expect((place.line ?? 0) >= 1 && (place.line ?? 0) <= lines).toBe(true);
        for (const { value } of rules) expect(canonicalJson(decodeSigma(value))).toBe(canonicalJson(value));
      }),
      { numRuns: 2000 },
    );
  });
});
