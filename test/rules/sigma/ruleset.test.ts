import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventShape, FlatEvent, type FieldValue } from '../../../events/event.js';
import type { SigmaRule } from '../../../rules/sigma/rule.js';
import { Ruleset, type RulesetEntry } from '../../../rules/sigma/ruleset.js';
import { fieldsFor, makeEvent, makeRules, nearly, type Pick } from './make-event.js';

const entries = (pack: string | null, ...documents: string[]): RulesetEntry[] =>
  makeRules(...documents).map((rule) => ({ rule, pack }));
const ids = (ruleset: Ruleset<RulesetEntry>, fields: Readonly<Record<string, FieldValue>>, line?: string) =>
  ruleset.match(makeEvent(fields, line ?? null)).map(({ ruleId }) => ruleId);

const sysmon = 'Microsoft-Windows-Sysmon/Operational';
const created = 'logsource: {product: windows, category: process_creation}\ndetection:\n';

describe('log sources', () => {
  const all = entries(
    'p',
    `${created}    s: {Image|endswith: cmd.exe}\n    condition: s`,
    'logsource: {product: windows, service: security}\ndetection:\n    s: {EventID: 4625}\n    condition: s',
    'logsource: {product: windows, category: file_access}\ndetection:\n    s: {a: b}\n    condition: s',
    'logsource: {product: aws}\ndetection:\n    s: {a: b}\n    condition: s',
  );
  const [process, logon, access, cloud] = all.map(({ rule }) => rule.id);
  const ruleset = new Ruleset(all);

  test('an event goes to the rules of its channel and event id', () => {
    expect(ids(ruleset, { Channel: sysmon, EventID: 1, Image: 'x\\cmd.exe' })).toEqual([process]);
    expect(ids(ruleset, { Channel: sysmon, EventID: '1', Image: 'x\\CMD.exe' })).toEqual([process]);
    expect(ids(ruleset, { Channel: sysmon, EventID: 3, Image: 'x\\cmd.exe' })).toEqual([]);
    expect(ids(ruleset, { Channel: 'Other', EventID: 1, Image: 'x\\cmd.exe' })).toEqual([]);
    expect(ids(ruleset, { Channel: 'security', EventID: 4625 })).toEqual([logon]);
    expect(ids(ruleset, { a: 'b' })).toEqual([cloud]);
    expect(ids(ruleset, { Channel: sysmon, EventID: 255, a: 'b' })).toEqual([]);
  });

  test('with the field names of the log', () => {
    const [match] = ruleset.match(makeEvent({ Channel: 'Security', EventID: 4688, NewProcessName: 'C:\\cmd.exe' }));
    expect(match).toMatchObject({ ruleId: process, matched: { Image: 'C:\\cmd.exe' } });
  });

  test('rules without events are told', () => {
    expect(ruleset.unmapped.map(({ rule }) => rule.id)).toEqual([access]);
  });

  test('an event id that is missing or a list leaves no rule out', () => {
    expect(ids(ruleset, { Channel: sysmon, EventID: [1, 5], Image: 'cmd.exe' })).toEqual([process]);
    expect(ids(ruleset, { Channel: sysmon, Image: 'cmd.exe' })).toEqual([]);
  });

  test('ten thousand made-up kinds of events', () => {
    for (let eventId = 0; eventId < 10_000; eventId++)
      expect(ids(ruleset, { Channel: `c${eventId % 7}`, EventID: eventId })).toEqual([]);
    expect(ids(ruleset, { Channel: 'Security', EventID: 4625 })).toEqual([logon]);
  });
});

test('a rule that no compiler writes is told and stops nothing', () => {
  const list = entries('p', 's: {a|re: x}\ncondition: s', 's: {a: x}\ncondition: s');
  const [first, second] = list as [RulesetEntry, RulesetEntry];
  const broken = { ...first, rule: JSON.parse(JSON.stringify(first.rule).replace('"x"', '"(?=x)"')) as SigmaRule };
  const ruleset = new Ruleset([broken, second]);
  expect(ids(ruleset, { a: 'x' })).toEqual([second.rule.id]);
  expect([...ruleset.broken].map(([entry, { code }]) => [entry, code])).toEqual([[broken, 'sigma-normal-form']]);
});

describe('filters', () => {
  const target = `${created}    s: {Image|endswith: cmd.exe}\n    condition: s`;
  const filter = (rules: string, product = 'windows') =>
    `logsource: {product: ${product}}\nfilter:\n    rules: ${rules}\n    trusted: {User: admin}\n    condition: not trusted`;
  const event = { Channel: sysmon, EventID: 1, Image: 'cmd.exe' };
  const count = (list: RulesetEntry[], user: string) => ids(new Ruleset(list), { ...event, User: user }).length;

  test('take matches away', () => {
    const list = [...entries('p', target), ...entries('p', filter('any'))];
    expect(count(list, 'admin')).toBe(0);
    expect(count(list, 'other')).toBe(1);
  });

  test('of the rules that they name', () => {
    const [rule] = entries('p', target) as [RulesetEntry];
    expect(count([rule, ...entries('p', filter(`[${rule.rule.id}]`))], 'admin')).toBe(0);
    expect(count([rule, ...entries('p', filter('[another]'))], 'admin')).toBe(1);
    const named = { ...rule, rule: { ...rule.rule, name: 'by_name' } };
    expect(count([named, ...entries('p', filter('[by_name]'))], 'admin')).toBe(0);
  });

  test('of their log source', () => {
    expect(count([...entries('p', target), ...entries('p', filter('any', 'linux'))], 'admin')).toBe(1);
  });

  test('of their own pack; local ones of all', () => {
    expect(count([...entries('p', target), ...entries('other', filter('any'))], 'admin')).toBe(1);
    expect(count([...entries('p', target), ...entries(null, filter('any'))], 'admin')).toBe(0);
  });
});

describe('the index', () => {
  const documents = [
    's: {a|contains: needle}\ncondition: s',
    's: {a|contains: [x, "needle one"]}\ncondition: s',
    's: {a|startswith: ne, b|endswith: le}\ncondition: s',
    's: {a: [n, "ne*le", ""]}\nf: {b: null}\ncondition: s and not f',
    's: {a|contains|all: [ee, "-d", one]}\ncondition: s',
    's: {a|contains|windash: "-d"}\ncondition: s',
    's: {a|re: "(?i)ne+d(le|ful)"}\nt: {b|re: ".*"}\ncondition: s or not t',
    's: {a|cased: Needle}\nt: {a|contains|cased: ONE}\ncondition: 1 of them',
    's: {a|exists: true}\nt: {b|exists: false}\ncondition: s and t',
    's: {a|neq: needle}\ncondition: s',
    's: {a|gt: 3}\nt: {b|fieldref: a}\ncondition: s or t',
    's: {a|cidr: 10.0.0.0/8}\ncondition: s',
    's: [needle, "one?two"]\ncondition: s',
    "s:\n  '|all': [needle, one]\ncondition: s",
    's:\n  - a: needle\n    b: one\n  - b|contains: two\n  - c: [1, 2]\ncondition: s',
    'x1: {a: 1}\nx2: {b: 2}\ny: {a|contains: n, b|contains: o}\ncondition: 1 of x* or (y and not all of x*)',
    's: {a|contains: ["😀", "é", "\u2013"]}\ncondition: s',
    's: {a|base64offset|contains: need}\ncondition: s',
    's: {a: "?"}\nt: {b: "*"}\ncondition: s and t',
    's: {o|exists: true}\ncondition: s',
    's: {o: null}\nt: {a|contains: n}\ncondition: t and not s',
    's: {a: "n?e"}\ncondition: s',
  ];
  const list = entries('p', ...documents);
  /** Of the rules' own log source, and of one that nobody can tell. */
  const ruleset = new Ruleset(list, { as: { product: 'test', service: [], category: [] } });
  const unknown = new Ruleset(list);

  const value = fc.oneof(
    fc.constantFrom<FieldValue[]>(
      'needle',
      'Needle',
      'need',
      'NEEDFUL',
      'one',
      'ONE',
      'needle one',
      '-d',
      '/d',
      '\u2013d',
      '',
      null,
      1,
      2,
      5,
      true,
      '10.1.2.3',
      '😀',
      'é',
      ['needle', 'two'],
      'n😀e',
      'n\u0130e',
      [],
      [null],
      'oneXtwo',
      Buffer.from('xneedle').toString('base64'),
    ),
    fc
      .array(fc.constantFrom('n', 'ne', 'ed', 'needle', ' one', '-d', '\n', 'two', 'X'), { maxLength: 5 })
      .map((parts) => parts.join('')),
  );
  const fields = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'A', 'Other', 'o', 'o.x', 'O.y.z'), value, {
    maxKeys: 4,
  });

  test('agrees with asking every rule', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fields, fc.option(fc.constantFrom('a needle line', 'one-two', '')), (record, line) => {
        const event = makeEvent(record, line);
        const matches = ruleset.match(event);
        expect(matches).toEqual(ruleset.matchPlainly(event));
        const evident = unknown.match(event);
        expect(evident).toEqual(unknown.matchPlainly(event));
        expect(matches).toEqual(expect.arrayContaining(evident));
        for (const { ruleId } of matches) seen.add(ruleId);
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(seen.size).toBe(documents.length);
  });

  test('agrees on events made for each rule and on near misses', () => {
    fc.assert(
      fc.property(fc.nat(documents.length - 1), fc.infiniteStream(fc.nat()), (number, numbers) => {
        const pick: Pick = (length) => (numbers.next().value as number) % length;
        const { rule } = entries('p', documents[number] ?? '')[0] as RulesetEntry;
        if (!('detection' in rule)) return;
        const made = fieldsFor(rule, pick);
        for (const record of [made, nearly(made, pick), nearly(made, pick)]) {
          const event = makeEvent(record);
          for (const one of [ruleset, unknown]) expect(one.match(event)).toEqual(one.matchPlainly(event));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('keeps what it knows of a shape apart from other shapes', () => {
    const shape = new EventShape(['b', 'a']);
    const event = (b: FieldValue | undefined, a: FieldValue | undefined) =>
      new FlatEvent(shape, [b, a], 0, 'events.json');
    const count = (probe: FlatEvent) => ruleset.match(probe).length;
    const before = [count(event('x', 'needle')), count(makeEvent({ a: 'needle' })), count(event(undefined, undefined))];
    expect([
      count(event('x', 'needle')),
      count(makeEvent({ a: 'needle' })),
      count(event(undefined, undefined)),
    ]).toEqual(before);
    expect(before[0]).toBeGreaterThan(0);
  });
});
