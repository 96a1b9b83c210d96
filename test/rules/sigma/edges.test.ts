import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlatEvent, type FieldValue } from '../../../events/event.js';
import { jsonFields } from '../../../events/json-fields.js';
import { windowsLog } from '../../../events/log-source.js';
import { compilePattern, foldPattern } from '../../../rules/sigma/glob.js';
import { foldCase, parsePattern } from '../../../rules/sigma/pattern.js';
import { Ruleset } from '../../../rules/sigma/ruleset.js';
import { makeEvent, makeRules } from './make-event.js';

function isMatch(detection: string, event: FlatEvent): boolean {
  const [rule] = makeRules(detection);
  const ruleset = new Ruleset(rule ? [{ rule, pack: null }] : [], { as: { product: 'test' } });
  const found = ruleset.match(event).length === 1;
  expect(ruleset.matchPlainly(event)).toHaveLength(found ? 1 : 0);
  return found;
}

describe('? is one character', () => {
  test.each([
    ['a?b', 'axb', true],
    ['a?b', 'a😀b', true],
    ['a?b', 'a\u0130b', true],
    ['A?B', 'a\u0130b', true],
    ['a?b', 'ab', false],
    ['a?b', 'axyb', false],
    ['a??b', 'a😀b', false],
    ['a??b', 'a😀😀b', true],
    ['*?b', '😀b', true],
    ['?*😀?', 'x😀y😀z', true],
    ['?', '😀', true],
    ['a\u0130b', 'A\u0130B', true],
  ])('%s of %s: %j', (pattern, text, isOne) => {
    expect(compilePattern(foldPattern(parsePattern(pattern)))(foldCase(text))).toBe(isOne);
  });

  test('as a regular expression over characters has it', () => {
    const piece = fc.constantFrom('a', 'b', '😀', '?', '*', '\u{10ffff}');
    const letters = fc.array(fc.constantFrom('a', 'b', '😀', '\u{10ffff}'), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), letters, (pieces, points) => {
        const source = pieces.map((one) => (one === '?' ? '.' : one === '*' ? '.*' : one)).join('');
        const expected = new RegExp(`^${source}$`, 'su').test(points.join(''));
        expect(compilePattern(parsePattern(pieces.join('')))(points.join(''))).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('objects and empty lists', () => {
  const of = (object: Parameters<typeof jsonFields>[0]) => makeEvent(Object.fromEntries(jsonFields(object).fields));
  test.each([
    [{ o: { x: 1 } }, true, false],
    [{ o: { x: null } }, true, false],
    [{ o: {} }, true, true],
    [{ o: [] }, true, true],
    [{ o: [1] }, true, false],
    [{ o: null }, true, true],
    [{ o: '' }, true, false],
    [{ other: { o: 1 } }, false, true],
    [{ ox: 1 }, false, true],
    [{}, false, true],
  ])('%j: exists %j, null %j', (object, exists, isNull) => {
    const event = of(object);
    expect(isMatch('s: {o|exists: true}\ncondition: s', event)).toBe(exists);
    expect(isMatch('s: {o|exists: false}\ncondition: s', event)).toBe(!exists);
    expect(isMatch('s: {o: null}\ncondition: s', event)).toBe(isNull);
  });

  test('an empty list that stands beside others of its name takes nothing from them', () => {
    expect(of({ o: [[], ['x', []], []] }).get('o')).toBe('x');
  });
});

describe('null and empty text', () => {
  const isNull = (event: FlatEvent) => isMatch('s: {f: null}\ncondition: s', event);
  const isEmpty = (event: FlatEvent) => isMatch('s: {f: ""}\ncondition: s', event);
  const windows = (channel: string, f: FieldValue) => {
    const { shape } = makeEvent({ Channel: channel, EventID: 8, f: '' });
    return new FlatEvent(shape, [channel, 8, f], 0, 'x.evtx', null, null, windowsLog);
  };
  const find = (channel: string, event: FlatEvent) => {
    const service = channel === 'firewall-as' ? 'firewall-as' : 'sysmon';
    const [rule] = makeRules(
      `logsource: {product: windows, service: ${service}}\ndetection:\n    s: {f: null}\n    condition: s`,
    );
    return new Ruleset(rule ? [{ rule, pack: null }] : []).match(event).length === 1;
  };

  test('are two in JSON and in event logs', () => {
    expect([isNull(makeEvent({ f: '' })), isNull(makeEvent({ f: null })), isNull(makeEvent({}))]).toEqual([
      false,
      true,
      true,
    ]);
    expect([isEmpty(makeEvent({ f: '' })), isEmpty(makeEvent({ f: null }))]).toEqual([true, false]);
    const channel = 'Microsoft-Windows-Windows Firewall With Advanced Security/Firewall';
    expect(find('firewall-as', windows(channel, ''))).toBe(false);
    expect(find('firewall-as', windows(channel, null))).toBe(true);
  });

  test('are one in text logs and in Sysmon, which have no other way to say null', () => {
    expect(isNull(makeEvent({ f: '' }, 'a,,b'))).toBe(true);
    expect(find('sysmon', windows('Microsoft-Windows-Sysmon/Operational', ''))).toBe(true);
    expect(find('sysmon', windows('Microsoft-Windows-Sysmon/Operational', 'x'))).toBe(false);
  });
});

describe('what Windows logs with words of its own', () => {
  const find = (category: string, detection: string, fields: Record<string, FieldValue>) => {
    const [rule] = makeRules(
      `logsource: {product: windows, category: ${category}}\ndetection:\n    ${detection}\n    condition: s`,
    );
    const ruleset = new Ruleset(rule ? [{ rule, pack: null }] : []);
    const event = makeEvent(fields);
    expect(ruleset.matchPlainly(event)).toEqual(ruleset.match(event));
    return ruleset.match(event).length === 1;
  };
  const security = (EventID: number, fields: Record<string, FieldValue>) => ({
    Channel: 'Security',
    EventID,
    ...fields,
  });
  const wmi = (fields: Record<string, FieldValue>) => ({
    Channel: 'Microsoft-Windows-WMI-Activity/Operational',
    EventID: 5861,
    ...fields,
  });

  test.each<[string, string, Record<string, FieldValue>, boolean]>([
    ['process_creation', 's: {IntegrityLevel: High}', security(4688, { MandatoryLabel: 'S-1-16-12288' }), true],
    ['process_creation', 's: {IntegrityLevel: [System, low]}', security(4688, { MandatoryLabel: 'S-1-16-4096' }), true],
    ['process_creation', 's: {IntegrityLevel: High}', security(4688, { MandatoryLabel: 'S-1-16-8192' }), false],
    ['process_creation', 's: {IntegrityLevel|neq: High}', security(4688, { MandatoryLabel: 'S-1-16-12288' }), false],
    ['process_creation', 's: {IntegrityLevel: S-1-16-16384}', security(4688, { MandatoryLabel: 'S-1-16-16384' }), true],
    ['process_creation', 's: {constructor: name}', security(4688, { constructor: 'Object' }), false],
    [
      'network_connection',
      's: {Initiated: "true", DestinationPort: 3389}',
      security(5156, { Direction: '%%14593', DestPort: '3389' }),
      true,
    ],
    ['network_connection', 's: {Initiated: "true"}', security(5156, { Direction: '%%14592' }), false],
    [
      'network_connection',
      's: {Image|endswith: \\a.exe, Protocol: tcp}',
      security(5156, { Application: '\\device\\a.exe', Protocol: 6 }),
      true,
    ],
    ['network_connection', 's: {DestinationIp|cidr: 10.0.0.0/8}', security(5156, { DestAddress: '10.1.2.3' }), true],
    [
      'registry_set',
      's: {TargetObject|endswith: \\Run, Details|contains: evil}',
      security(4657, { OperationType: '%%1905', ObjectName: '\\REGISTRY\\MACHINE\\Run', NewValue: 'evil' }),
      true,
    ],
    ['registry_set', 's: {EventType: SetValue}', security(4657, { OperationType: '%%1905' }), true],
    ['registry_set', 's: {ObjectName: x}', security(4657, { OperationType: '%%1904', ObjectName: 'x' }), false],
    ['registry_add', 's: {TargetObject: x}', security(4657, { OperationType: '%%1904', ObjectName: 'x' }), true],
    ['registry_event', 's: {TargetObject: x}', security(4657, { OperationType: '%%1904', ObjectName: 'x' }), true],
    ['registry_event', 's: {TargetObject: x}', security(4657, { OperationType: '%%1906', ObjectName: 'x' }), false],
    ['wmi_event', 's: {Destination|contains: WScript.Shell}', wmi({ PossibleCause: 'x WScript.Shell y' }), true],
  ])('%s %s', (category, detection, fields, isFound) => {
    expect(find(category, detection, fields)).toBe(isFound);
  });
});
