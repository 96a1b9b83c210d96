import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../../../events/event.js';
import { Correlator, maxWindow, type CorrelationMatch } from '../../../rules/sigma/correlator.js';
import { Ruleset, type RulesetEntry } from '../../../rules/sigma/ruleset.js';
import { makeEvent, makeRules } from './make-event.js';

const base = ['a', 'b', 'c'];

/**
 * Rules named a, b, c that match events with `kind` of that name, and correlations given as the lines of their section.
 */
function setUp(...correlations: string[]) {
  const rules = makeRules(
    ...base.map((name) => `s: {kind: ${name}}\ncondition: s`),
    ...correlations.map((section) => `correlation:\n${section.replaceAll(/^/gm, '    ')}`),
  );
  const entries: RulesetEntry[] = rules.map((rule, index) => {
    const name = base[index] ?? `correlation_${index - base.length}`;
    return { rule: { ...rule, name }, pack: 'p' };
  });
  const ruleset = new Ruleset(entries);
  const correlator = new Correlator(entries);
  const ended: CorrelationMatch<RulesetEntry>[] = [];
  /** What this event fulfils: the bursts that it begins or goes on with. */
  const at = (seconds: number, kind: string, fields: Readonly<Record<string, FieldValue>> = {}) => {
    const event = makeEvent({ kind, ...fields }, null, seconds * 1000);
    for (const match of ruleset.match(event)) {
      const signal = correlator.signalOf(event, match);
      if (signal !== null) ended.push(...correlator.observe(signal));
    }
    return correlator.open.filter(({ lastTimeMs }) => lastTimeMs === seconds * 1000);
  };
  /** What is reported in the end, by number of events. */
  const reported = () => [...ended, ...correlator.finish()].map(({ eventCount }) => eventCount);
  return { entries, correlator, ruleset, at, reported };
}

const count = 'type: event_count\nrules: a\ntimespan: 10s\n';

describe('event_count', () => {
  test('counts in a window that slides; a burst is reported once, when it has ended, with its final count', () => {
    const { at, correlator } = setUp(`${count}condition: {gte: 3}`);
    expect([at(0, 'a'), at(8, 'a'), at(11, 'a')]).toEqual([[], [], []]);
    expect(at(12, 'a')).toMatchObject([{ eventCount: 3, firstTimeMs: 8000, lastTimeMs: 12_000, group: {} }]);
    expect(at(13, 'a')).toMatchObject([{ eventCount: 4, firstTimeMs: 8000, lastTimeMs: 13_000 }]);
    const signal = (seconds: number) => correlator.observe({ rule: 0, timeMs: seconds * 1000, fields: {} });
    expect(signal(23.5)).toMatchObject([{ eventCount: 4, lastTimeMs: 13_000 }]);
    expect(correlator.finish()).toEqual([]);
  });

  test('five thousand events are one burst', () => {
    const { at, reported } = setUp(`${count.replace('10s', '10m')}group-by: user\ncondition: {gte: 10}`);
    for (let index = 0; index < 5000; index++) at(index / 10, 'a', { user: 'x' });
    expect(reported()).toEqual([5000]);
  });

  test('an event exactly one timespan old counts, and one a thousandth older does not', () => {
    const within = setUp(`${count}condition: {gte: 3}`);
    expect([within.at(0, 'a'), within.at(5, 'a'), within.at(10, 'a')].map(({ length }) => length)).toEqual([0, 0, 1]);
    const beyond = setUp(`${count}condition: {gte: 3}`);
    expect([beyond.at(0, 'a'), beyond.at(5, 'a'), beyond.at(10.001, 'a')].map(({ length }) => length)).toEqual([
      0, 0, 0,
    ]);
  });

  test('counts each group for itself, and events without the field in none', () => {
    const { at } = setUp(`${count}group-by: [user, host]\ncondition: {gt: 1}`);
    expect(at(0, 'a', { user: 'x', host: 1 })).toEqual([]);
    expect(at(1, 'a', { user: 'x', host: 2 })).toEqual([]);
    expect(at(2, 'a', { user: 'x' })).toEqual([]);
    expect(at(3, 'a', { user: 'x', host: null })).toEqual([]);
    expect(at(4, 'a', { user: 'x', host: 1 })).toMatchObject([{ group: { user: 'x', host: '1' } }]);
  });

  test.each<[string, number[]]>([
    ['{eq: 2}', [1]],
    ['{neq: 1}', [1, 2, 3]],
    ['{lt: 3}', [0, 1]],
    ['{lte: 1}', [0]],
    ['{gt: 1, lte: 3}', [1, 2]],
    ['{lte: 0}', []],
  ])('condition %s counts what stands in the window', (condition, fulfilled) => {
    const { at, reported } = setUp(`${count}condition: ${condition}`);
    expect([0, 1, 2, 3].filter((second) => at(second, 'a').length > 0)).toEqual(fulfilled);
    expect(reported()).toHaveLength(fulfilled.length > 0 ? 1 : 0);
  });

  test('agrees with counting anew at every event', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 });
    const conditions = fc.constantFrom('{gte: 3}', '{lt: 3}', '{eq: 2}', '{gt: 1, lte: 3}', '{neq: 2}');
    fc.assert(
      fc.property(gaps, conditions, (spaces, condition) => {
        const { at, reported } = setUp(`${count}condition: ${condition}`);
        const [, bounds = ''] = /^\{(.*)\}$/.exec(condition) ?? [];
        const holds = (value: number) =>
          bounds.split(', ').every((bound) => {
            const [name = '', limit = 0] = bound.split(': ').map((part) => (/^\d/.test(part) ? Number(part) : part));
            const tests: Record<string, boolean> = {
              gte: value >= Number(limit),
              gt: value > Number(limit),
              lt: value < Number(limit),
              lte: value <= Number(limit),
              eq: value === limit,
              neq: value !== limit,
            };
            return tests[name] === true;
          });
        const times: number[] = [];
        const bursts: number[] = [];
        let isOpen = false;
        for (const space of spaces) {
          const now = (times.at(-1) ?? 0) + space;
          if (now - (times.at(-1) ?? now) > 10) isOpen = false;
          times.push(now);
          const inWindow = times.filter((time) => time >= now - 10).length;
          const isFulfilled = holds(inWindow);
          expect(at(now, 'a').length > 0).toBe(isFulfilled);
          if (isFulfilled && isOpen) bursts.push((bursts.pop() ?? 0) + 1);
          else if (isFulfilled) bursts.push(inWindow);
          isOpen = isFulfilled;
        }
        expect(reported()).toEqual(bursts);
      }),
      { numRuns: 200 },
    );
  });

  test('takes several rules and an event that matches none', () => {
    const { at } = setUp(`${count.replace('rules: a', 'rules: [a, b]')}condition: {gte: 2}`);
    expect([at(0, 'a'), at(1, 'c'), at(2, 'b')].map(({ length }) => length)).toEqual([0, 0, 1]);
  });
});

describe('values', () => {
  const type = (name: string, condition: string) => `type: ${name}\nrules: a\ntimespan: 100s\ncondition: ${condition}`;
  const run = (section: string, values: FieldValue[]) => {
    const { at } = setUp(section);
    return values.flatMap((v, second) => (at(second, 'a', { v }).length > 0 ? [second] : []));
  };

  test('value_count counts different values', () => {
    expect(run(type('value_count', '{field: v, gte: 3}'), ['x', 'y', 'x', null, 'z'])).toEqual([4]);
  });

  test('value_count of several fields counts their combinations', () => {
    const { at } = setUp(type('value_count', '{field: [v, w], gte: 3}'));
    const pairs = [
      ['x', 1],
      ['x', 2],
      ['x', 1],
      ['y', 2],
    ] as const;
    expect(pairs.map(([v, w], second) => at(second, 'a', { v, w }).length)).toEqual([0, 0, 0, 1]);
  });

  test.each<[string, string, FieldValue[], number[]]>([
    ['value_sum', '{field: v, gt: 10}', [4, '5', 'many', 2], [3]],
    ['value_avg', '{field: v, gte: 5}', [1, 3, 11], [2]],
    ['value_median', '{field: v, eq: 2.5}', [1, 2, 3, 4], [3]],
    ['value_percentile', '{field: v, percentile: 50, gte: 3}', [1, 5, 4], [2]],
    ['value_percentile', '{field: v, percentile: 100, gte: 5}', [1, 5], [1]],
  ])('%s %s', (name, condition, values, fulfilled) => {
    expect(run(type(name, condition), values)).toEqual(fulfilled);
  });

  test('value_percentile without percentile compares the share of the own value', () => {
    const values = Array.from({ length: 20 }, (_, index) => (index === 15 ? 'rare' : 'common'));
    expect(run(type('value_percentile', '{field: v, lte: 10}'), values)).toEqual([15]);
  });
});

describe('temporal', () => {
  test('asks for all rules in any order, within the timespan', () => {
    const { at } = setUp('type: temporal\nrules: [a, b]\ntimespan: 10s');
    expect(at(0, 'b')).toEqual([]);
    expect(at(11, 'a')).toEqual([]);
    expect(at(12, 'b')).toHaveLength(1);
  });

  test('a threshold asks for fewer', () => {
    const { at } = setUp('type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: {gte: 2}');
    expect([at(0, 'a'), at(1, 'a'), at(2, 'c')].map(({ length }) => length)).toEqual([0, 0, 1]);
  });

  test('an expression asks for a combination', () => {
    const { at } = setUp('type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: a and not b and c');
    expect(at(0, 'b')).toEqual([]);
    expect(at(1, 'a')).toEqual([]);
    expect(at(2, 'c')).toEqual([]);
    expect(at(30, 'a')).toEqual([]);
    expect(at(31, 'c')).toHaveLength(1);
  });

  test('ordered asks for the order of the rules', () => {
    const { at } = setUp('type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s');
    expect([at(0, 'b'), at(1, 'a'), at(2, 'c'), at(3, 'b'), at(4, 'c')].map(({ length }) => length)).toEqual([
      0, 0, 0, 0, 1,
    ]);
  });

  test('aliases give each rule its own field', () => {
    const { at } = setUp('type: temporal\nrules: [a, b]\ngroup-by: ip\ntimespan: 10s\naliases: {ip: {a: dst, b: src}}');
    expect(at(0, 'a', { dst: '1.1.1.1', src: '2.2.2.2' })).toEqual([]);
    expect(at(1, 'b', { dst: '1.1.1.1', src: '2.2.2.2' })).toEqual([]);
    expect(at(2, 'b', { src: '1.1.1.1' })).toMatchObject([{ group: { ip: '1.1.1.1' } }]);
  });
});

describe('chains', () => {
  test('a correlation feeds another by its group', () => {
    const many = `${count}group-by: user\ncondition: {gte: 2}`;
    const { at, entries } = setUp(
      many,
      'type: temporal_ordered\nrules: [correlation_0, b]\ngroup-by: user\ntimespan: 60s',
    );
    expect(at(0, 'a', { user: 'x' })).toEqual([]);
    expect(at(1, 'b', { user: 'x' })).toEqual([]);
    expect(at(2, 'a', { user: 'x' })).toEqual([]);
    expect(at(3, 'b', { user: 'y' })).toEqual([]);
    expect(at(4, 'b', { user: 'x' })).toMatchObject([{ entry: entries[4], group: { user: 'x' } }]);
  });

  // The specification's own example, failed logins and then a success, with failures that come slowly: the last ten
  // minutes before the success hold ten of them, although the first ten were counted long before.
  const failures = 'type: event_count\nrules: a\ntimespan: 10m\ngroup-by: user\ncondition: {gte: 10}';
  const success = 'type: temporal_ordered\nrules: [correlation_0, b]\ngroup-by: user\ntimespan: 10m';

  test.each([
    [66, 19, 22, 1],
    [60, 30, 60, 1],
    [70, 19, 22, 0],
    [66, 9, 22, 0],
    [66, 19, 601, 0],
  ])('a failure every %i s, %i times, and a success %i s later: %i', (every, times, later, matches) => {
    const { at, reported } = setUp(failures, success);
    for (let index = 0; index < times; index++) at(index * every, 'a', { user: 'x' });
    at((times - 1) * every + later, 'b', { user: 'x' });
    expect(reported()).toHaveLength(matches);
  });

  test('a burst that another correlation counts is one, however long it goes on', () => {
    const { at, reported } = setUp(
      `${count}condition: {gte: 2}`,
      'type: event_count\nrules: correlation_0\ntimespan: 1h\ncondition: {gte: 2}',
    );
    for (let second = 0; second < 30; second++) at(second, 'a');
    expect(reported()).toEqual([]);
    for (let second = 100; second < 130; second++) at(second, 'a');
    expect(reported()).toEqual([2]);
  });

  test('referred rules are silent unless generate says otherwise', () => {
    const silent = setUp(`${count}condition: {gte: 2}`);
    expect(silent.entries.map((entry) => silent.correlator.isSilent(entry))).toEqual([true, false, false, false]);
    const loud = setUp(`${count}condition: {gte: 2}\ngenerate: true`);
    expect(loud.entries.map((entry) => loud.correlator.isSilent(entry))).toEqual([false, false, false, false]);
  });

  test('unknown rules and cycles are told and match nothing', () => {
    const { correlator, at, entries } = setUp(
      `${count.replace('rules: a', 'rules: [a, nobody]')}condition: {gte: 1}`,
      `${count.replace('rules: a', 'rules: correlation_2')}condition: {gte: 1}`,
      `${count.replace('rules: a', 'rules: [a, correlation_1]')}condition: {gte: 1}`,
    );
    expect(correlator.unresolved).toEqual([
      { entry: entries[3], reference: 'nobody' },
      { entry: entries[4], reference: 'cycle' },
      { entry: entries[5], reference: 'cycle' },
    ]);
    expect(at(0, 'a')).toEqual([]);
    expect(entries.some((entry) => correlator.isSilent(entry))).toBe(false);
  });

  test('refer to rules of their own pack', () => {
    const { entries } = setUp(`${count}condition: {gte: 1}`);
    const moved = entries.map((entry, index) => ({ ...entry, pack: index < base.length ? 'q' : 'p' }));
    expect(new Correlator(moved).unresolved).toMatchObject([{ reference: 'a' }]);
    const local = entries.map((entry, index) => ({ ...entry, pack: index < base.length ? 'q' : null }));
    expect(new Correlator(local).unresolved).toEqual([]);
  });
});

describe('signals', () => {
  test('are plain data with the fields that correlations need', () => {
    const { ruleset, correlator } = setUp(
      `type: value_count\nrules: a\ngroup-by: user\ntimespan: 10s\ncondition: {field: v, gte: 2}`,
    );
    const event = makeEvent({ kind: 'a', user: 'x', v: [1, 2], other: 'y' }, null, 5000);
    const [match] = ruleset.match(event);
    const signal = match ? correlator.signalOf(event, match) : null;
    expect(JSON.parse(JSON.stringify(signal))).toEqual({ rule: 0, timeMs: 5000, fields: { user: 'x', v: '1,2' } });
  });

  test('come from events with a time and rules that a correlation has', () => {
    const { ruleset, correlator } = setUp(`${count}condition: {gte: 2}`);
    for (const event of [makeEvent({ kind: 'a' }, null, null), makeEvent({ kind: 'b' }, null, 0)]) {
      const [match] = ruleset.match(event);
      expect(match && correlator.signalOf(event, match)).toBeNull();
    }
  });
});

test('a window holds no more than its limit, and what was forgotten is counted', () => {
  const { correlator } = setUp('type: value_count\nrules: a\ntimespan: 1d\ncondition: {field: v, gte: 1000000}');
  for (let index = 0; index < maxWindow.measured + 50; index++)
    expect(correlator.observe({ rule: 0, timeMs: 0, fields: { v: 'x' } })).toEqual([]);
  expect(correlator.forgotten).toBe(50);
});
