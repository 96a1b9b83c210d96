import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../../../events/event.js';
import { EventView, FieldTable } from '../../../rules/sigma/event-view.js';
import { compileDetection, isMatch, matchedFields } from '../../../rules/sigma/matcher.js';
import { makeEvent, makeRules } from './make-event.js';

type Fields = Readonly<Record<string, FieldValue>>;

function ask(detection: string, fields: Fields, line: string | null = null) {
  const [rule] = makeRules(detection);
  if (!rule || !('detection' in rule)) throw new Error('no detection');
  const table = new FieldTable();
  const matcher = compileDetection(rule.detection, table);
  const view = new EventView(table, makeEvent(fields, line));
  return { isMatch: isMatch(matcher, view), matched: () => matchedFields(matcher, view) };
}

const matches = (detection: string, fields: Fields, line?: string) => ask(detection, fields, line ?? null).isMatch;
const item = (key: string, value: string) => `s:\n  ${key}: ${value}\ncondition: s`;

describe('text', () => {
  test.each<[string, FieldValue, boolean]>([
    ["'cmd.exe'", 'CMD.EXE', true],
    ["'cmd.exe'", 'cmd.exe ', false],
    ["'ÄÖ'", 'äö', true],
    ["'straße'", 'STRASSE', false],
    ["'a*c'", 'a\nb\nc', true],
    ["'a?c'", 'abc', true],
    ["'a?c'", 'ac', false],
    ["'?'", '', false],
    [String.raw`'a\*c'`, 'a*c', true],
    [String.raw`'a\*c'`, 'abc', false],
    [String.raw`'C:\\*'`, 'C:\\x', true],
    [String.raw`'C:\*'`, 'C:\\x', false],
    ["'*'", 'anything', true],
    ["'*'", '', true],
    ["'*'", null, false],
    ["''", '', true],
    ["''", null, false],
    ["''", 'x', false],
    ["'*a*b*'", 'xxaxxbxx', true],
    ["'*a*b*'", 'xxbxxaxx', false],
    ["'a*a'", 'a', false],
    ["'ab*ba'", 'aba', false],
    ["'*?x*'", 'x', false],
    ["'*?x*'", 'xx', true],
    ["['a', 'b*']", 'bcd', true],
    ["['a', 'b*']", 'cb', false],
    ["'x'", ['y', 'X'], true],
    ["'x'", ['y', null], false],
  ])('%s against %j: %s', (value, field, expected) => {
    expect(matches(item('f', value), { f: field })).toBe(expected);
  });

  test('an absent field is false, and its negation true', () => {
    expect(matches(item('f', 'x'), {})).toBe(false);
    expect(matches('s: {g: 1}\nn: {f: x}\ncondition: s and not n', { g: 1 })).toBe(true);
  });

  test('numbers and truth values compare as text', () => {
    expect(matches(item('f', '4624'), { f: 4624 })).toBe(true);
    expect(matches(item('f', '4624'), { f: '4624' })).toBe(true);
    expect(matches(item('f', "'46*'"), { f: 4624 })).toBe(true);
    expect(matches(item('f', 'true'), { f: true })).toBe(true);
    expect(matches(item('f', 'true'), { f: 'True' })).toBe(true);
    expect(matches(item('f', '1'), { f: true })).toBe(false);
  });

  test('field names: case and blanks do not matter, the exact one comes first', () => {
    expect(matches(item('ThreatName', 'x'), { 'Threat Name': 'x' })).toBe(true);
    expect(matches(item('commandline', 'x'), { CommandLine: 'x' })).toBe(true);
    expect(matches(item('A', 'x'), { a: 'y', A: 'x' })).toBe(true);
  });
});

describe('nothing', () => {
  test.each<[string, Fields, boolean]>([
    ['null', {}, true],
    ['null', { f: null }, true],
    ['null', { f: '' }, false],
    ['null', { f: [] }, true],
    ['null', { f: [null, null] }, true],
    ['null', { f: [null, ''] }, false],
    ['null', { f: 'x' }, false],
    ['null', { f: 0 }, false],
  ])('%s against %j: %s', (value, fields, expected) => {
    expect(matches(item('f', value), fields)).toBe(expected);
    expect(matches(item('f|neq', value), fields)).toBe(!expected);
  });

  test.each<[string, Fields, boolean]>([
    ['true', { f: null }, true],
    ['true', { f: '' }, true],
    ['true', {}, false],
    ['false', {}, true],
    ['false', { f: null }, false],
  ])('exists: %s against %j: %s', (value, fields, expected) => {
    expect(matches(item('f|exists', value), fields)).toBe(expected);
  });
});

describe('modifiers', () => {
  test.each<[string, string, FieldValue, boolean]>([
    ['f|contains', 'b', 'aBc', true],
    ['f|contains', 'x', 'abc', false],
    ['f|startswith', 'ab', 'ABC', true],
    ['f|startswith', 'bc', 'abc', false],
    ['f|endswith', 'bc', 'aBC', true],
    ['f|endswith', 'ab', 'abc', false],
    ['f|contains|all', '[a, c]', 'abc', true],
    ['f|contains|all', '[a, x]', 'abc', false],
    ['f|all', "['a*', '*c']", 'abc', true],
    ['f|contains|cased', 'B', 'abc', false],
    ['f|cased', 'aB', 'aB', true],
    ['f|cased', 'aB', 'ab', false],
    ['f|neq', 'a', 'b', true],
    ['f|neq', 'a', 'A', false],
    ['f|neq', '[a, b]', 'b', false],
    ['f|contains|all|neq', '[a, b]', 'a', true],
    ['f|contains|all|neq', '[a, b]', 'ab', false],
    ['f|contains|windash', "' -enc '", 'x /ENC y', true],
    ['f|contains|windash', "' -enc '", 'x \u2014enc y', true],
    ['f|contains|windash', "' -enc '", 'x +enc y', false],
    ['f|windash', "'-a-b'", '/a-b', true],
    ['f|windash', "'-a-b'", '/a/b', false],
    ['f|windash|cased', "'/C'", '-C', true],
    ['f|windash|cased', "'/C'", '-c', false],
    ['f|re', "'^ab+c'", 'abbbcd', true],
    ['f|re', "'^AB'", 'abc', false],
    ['f|re|i', "'^AB'", 'abc', true],
    ['f|re', "'(?i)^AB'", 'abc', true],
    ['f|re', "'^b'", 'a\nb', false],
    ['f|re|m', "'^b'", 'a\nb', true],
    ['f|re', "'a.b'", 'a\nb', false],
    ['f|re|s', "'a.b'", 'a\nb', true],
    ['f|re|contains', "'b|c'", 'abd', true],
    ['f|re', String.raw`'\d{3}'`, 4624, true],
    ['f|base64', 'foobar', 'Zm9vYmFy', true],
    ['f|base64|contains', 'foobar', 'x Zm9vYmFy y', true],
    ['f|base64offset|contains', 'foobar', Buffer.from('xfoobarx').toString('base64'), true],
    ['f|base64offset|contains', 'foobar', Buffer.from('xxfoobar').toString('base64'), true],
    ['f|wide|base64offset|contains', 'ping', Buffer.from('a ping b', 'utf16le').toString('base64'), true],
    ['f|utf16be|base64offset|contains', 'ping', Buffer.from('a ping b', 'utf16le').swap16().toString('base64'), true],
    ['f|utf16|base64', 'cmd', Buffer.from('\ufeffcmd', 'utf16le').toString('base64'), true],
    ['f|utf16le|contains', 'cmd', 'xc\0m\0d\0', true],
    ['f|lt', '5', 4, true],
    ['f|lt', '5', 5, false],
    ['f|lte', '5', '5', true],
    ['f|gt', '5', '0x10', true],
    ['f|gte', '5.5', '5.5', true],
    ['f|gte', '5', 'many', false],
    ['f|gt|neq', '5', 6, false],
    ['f|minute', '7', '2024-12-30 10:07:01.5', true],
    ['f|hour', '23', '2024-12-30T23:07:01Z', true],
    ['f|hour|gte', '22', '2024-12-30T21:07:01Z', false],
    ['f|hour', '0', '2024-12-30', false],
    ['f|day', '30', '2024-12-30', true],
    ['f|week', '1', '2024-12-30T00:00:00', true],
    ['f|month', '12', '2024-12-30', true],
    ['f|year|lt', '2025', '2024-12-30', true],
    ['f|year', '2024', '2024-13-30', false],
    ['f|cidr', '10.0.0.0/8', '10.9.8.7', true],
    ['f|cidr', '10.0.0.0/8', '11.9.8.7', false],
    ['f|cidr', "['10.0.0.0/8', 'fe80::/10']", 'fe80::1', true],
    ['f|cidr|neq', '10.0.0.0/8', 'host', true],
    ['f|cidr', '127.0.0.0/8', ['x', '127.0.0.1'], true],
    ['f|fieldref', 'g', 'VALUE', true],
    ['f|fieldref|cased', 'g', 'VALUE', false],
    ['f|fieldref|startswith', 'g', 'value and more', true],
    ['f|fieldref|endswith', 'g', 'more value', true],
    ['f|fieldref|contains', 'g', 'a value b', true],
    ['f|fieldref', 'g', 'other', false],
    ['f|fieldref|neq', 'g', 'other', true],
    ['f|fieldref', 'h', 'value', false],
  ])('%s: %s against %j: %s', (key, value, field, expected) => {
    expect(matches(item(key, value), { f: field, g: 'value' })).toBe(expected);
  });

  test('on an absent field all are false and their negation true', () => {
    for (const [key, value] of [
      ['f|contains', 'a'],
      ['f|re', "'.*'"],
      ['f|cidr', '0.0.0.0/0'],
      ['f|gte', '0'],
      ['f|hour', '0'],
      ['f|fieldref', 'g'],
      ['f|cased', "'*'"],
    ] as const) {
      expect(matches(item(key, value), { g: 'x' }), key).toBe(false);
      expect(matches(item(`${key}|neq`, value), { g: 'x' }), key).toBe(true);
    }
  });
});

describe('keywords', () => {
  const fields = { a: 'The quick Fox', b: 4625, c: ['dog', null] };

  test.each<[string, boolean]>([
    ['s: fox\ncondition: s', true],
    ['s: [cat, DOG]\ncondition: s', true],
    ['s: [462]\ncondition: s', true],
    ['s: qu?ck\ncondition: s', true],
    ["s: 'the*fox'\ncondition: s", true],
    ['s: cat\ncondition: s', false],
    ["s:\n  '|all': [fox, dog]\ncondition: s", true],
    ["s:\n  '|all': [fox, cat]\ncondition: s", false],
    ["s:\n  '|cased': fox\ncondition: s", false],
    ["s:\n  '|cased': Fox\ncondition: s", true],
    ["s:\n  '|re': 'q.{3}k'\ncondition: s", true],
    ['s: a\nn: fox\ncondition: s and not n', false],
  ])('%j: %s', (detection, expected) => {
    expect(matches(detection, fields)).toBe(expected);
  });

  test('of a text log stand in its line', () => {
    expect(matches('s: outside\ncondition: s', { a: 'x' }, 'x and outside')).toBe(true);
    expect(matches('s: only\ncondition: s', { a: 'only' }, 'the line')).toBe(false);
  });
});

describe('conditions', () => {
  const detection = (condition: string) =>
    `sel_1: {a: 1}\nsel_2: {b: 1}\nfilter_1: {c: 1}\n_hidden: {d: 1}\ncondition: ${condition}`;
  const event = (fields: string) => Object.fromEntries(Array.from(fields, (name) => [name, 1]));

  test.each<[string, string, boolean]>([
    ['1 of sel_*', 'a', true],
    ['1 of sel_*', 'c', false],
    ['all of sel_*', 'a', false],
    ['all of sel_*', 'ab', true],
    ['1 of them', 'd', false],
    ['all of them', 'abc', true],
    ['1 of _*', 'd', true],
    ['1 of sel_* and not 1 of filter_*', 'a', true],
    ['1 of sel_* and not 1 of filter_*', 'ac', false],
    ['not all of sel_*', 'a', true],
    ['sel_1 and sel_2 or filter_1', 'c', true],
    ['sel_1 and (sel_2 or filter_1)', 'c', false],
    ['sel_1 and (sel_2 or filter_1)', 'ac', true],
    ['[sel_1 and sel_2, filter_1]', 'c', true],
    ['not (sel_1 or sel_2)', 'c', true],
    ['not _hidden', 'd', false],
  ])('%s with %s: %s', (condition, fields, expected) => {
    expect(matches(detection(condition), event(fields))).toBe(expected);
  });

  test('a list of maps is any of them, a map all of its items', () => {
    const either = 's:\n  - a: 1\n    b: 1\n  - c: 1\ncondition: s';
    expect(matches(either, event('c'))).toBe(true);
    expect(matches(either, event('a'))).toBe(false);
    expect(matches(either, event('ab'))).toBe(true);
  });
});

describe('matched fields', () => {
  test('are those of the parts that matched, with the names of the rule', () => {
    const { matched } = ask(
      's:\n  a: x\n  n|exists: false\no:\n  - b: y\n  - c: z\nf: {d: 1}\nk: [word]\ncondition: s and o and k and not f',
      { A: 'X', c: 'z', e: 'a word' },
    );
    expect(matched()).toEqual({ a: 'X', c: 'z', keywords: ['word'] });
  });
});

describe('bounds', () => {
  const hostile = `${'a'.repeat(30_000)}!`;

  test.each(["'(a+)+$'", "'(a|aa)+$'", "'.+:x/y:.+'", "'(.*a){20}b'", "'^(a*)*b'"])(
    '%s ends in good time',
    (source) => {
      const start = performance.now();
      expect(matches(item('f|re', source), { f: hostile })).toBe(false);
      expect(performance.now() - start).toBeLessThan(5000);
    },
  );

  test('many wildcards do not try everything', () => {
    const value = `'${'*a'.repeat(40)}*b'`;
    const start = performance.now();
    expect(matches(item('f', value), { f: hostile })).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('10,000 values', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => `value${index}x`);
    expect(matches(item('f|contains', JSON.stringify(values)), { f: 'a value9999x b' })).toBe(true);
    expect(matches(item('f|contains', JSON.stringify(values)), { f: hostile })).toBe(false);
  });
});
