import { describe, expect, test } from 'vitest';
import { FlatEvent } from '../../../events/event.js';
import { LogSource, windowsLog, type LogSourceNames } from '../../../events/log-source.js';
import {
  evidences,
  isFed,
  isKnownProduct,
  knownSources,
  type WantedSource,
} from '../../../rules/sigma/known-sources.js';
import { reachOf } from '../../../rules/sigma/reach.js';
import { Ruleset } from '../../../rules/sigma/ruleset.js';
import { makeEvent, makeRules } from './make-event.js';

const sshd = LogSource.of({ product: 'linux', service: ['sshd', 'auth', 'syslog'], category: [] });
const someCisco = LogSource.of({ product: 'cisco', category: [] });
const webserver = LogSource.of({ product: 'apache', service: 'apache', category: 'webserver' });

describe('a rule is asked about', () => {
  test.each<[string, WantedSource, LogSource | null, string]>([
    ['its own service', { product: 'linux', service: 'sshd' }, sshd, 'always'],
    ['its own service in any case', { product: 'Linux', service: 'SSHD' }, sshd, 'always'],
    ['all services of its product', { product: 'linux' }, sshd, 'always'],
    ['another service', { product: 'linux', service: 'cron' }, sshd, 'never'],
    ['a service, being of a category', { product: 'linux', category: 'process_creation' }, sshd, 'never'],
    ['another product', { product: 'zeek', service: 'rdp' }, sshd, 'never'],
    ['its category, whatever the product', { category: 'webserver' }, webserver, 'always'],
    ['another category', { category: 'proxy' }, webserver, 'never'],
    ['a service that may be its own', { product: 'cisco', service: 'aaa' }, someCisco, 'with-evidence'],
    ['another product, although its service may be its own', { product: 'huawei', service: 'bgp' }, someCisco, 'never'],
    ['what nobody can tell', { product: 'zeek', service: 'rdp' }, null, 'with-evidence'],
    ['what nobody can tell, being of Windows', { product: 'windows', service: 'security' }, null, 'never'],
    ['Windows as a whole', { product: 'windows' }, windowsLog, 'always'],
    ['a channel, which the table finds', { product: 'windows', service: 'security' }, windowsLog, 'never'],
    ["somebody's own product in a known log", { product: 'payroll', service: 'app' }, sshd, 'with-evidence'],
    ["somebody's own product in Windows", { product: 'payroll', service: 'app' }, windowsLog, 'never'],
    ["somebody's own category", { category: 'payroll' }, sshd, 'with-evidence'],
  ])('%s', (_, wanted, told, reach) => {
    expect(reachOf(wanted, told)).toBe(reach);
  });
});

describe('evidence', () => {
  const rule = (detection: string) => {
    const [made] = makeRules(`logsource: {product: zeek, service: rdp}\ndetection:\n${detection}`);
    return new Ruleset(made ? [{ rule: made, pack: null }] : []);
  };
  const found = (detection: string, event: FlatEvent) => rule(detection).match(event).length === 1;

  test.each([
    ['    s: {a: x}\n    condition: s', true],
    ['    s: {a|exists: true}\n    condition: s', true],
    ['    s: ["some x"]\n    condition: s', true],
    ['    s: {a: x}\n    f: {b: y}\n    condition: s and not f', true],
    ['    f: {a: null}\n    condition: not f', true],
    ['    f: {a|neq: x}\n    condition: not f', true],
    ['    s: {a: x}\n    t: {c: z}\n    condition: 1 of them', true],
    ['    f: {b: y}\n    condition: not f', false],
    ['    f: {a: y}\n    condition: not f', false],
    ['    s: {b: null}\n    condition: s', false],
    ['    s: {b|exists: false}\n    condition: s', false],
    ['    s: {a|neq: y}\n    condition: s', false],
    ['    s: {empty: ""}\n    condition: s', false],
    ['    s: {a: x}\n    f: {b: y}\n    condition: s or not f', false],
  ])('%s', (detection, isFound) => {
    expect(found(detection, makeEvent({ a: 'x', empty: '' }, 'a line with some x'))).toBe(isFound);
    // Of its own log source the rule is reported in every one of these cases.
    const event = makeEvent({ a: 'x', empty: '' }, 'a line with some x');
    const zeek = LogSource.of({ product: 'zeek', service: 'rdp', category: [] });
    const told = new FlatEvent(event.shape, event.values, 0, 'rdp.log', event.line, 1, zeek);
    expect(found(detection, told)).toBe(true);
  });

  test('is not asked of a log that says itself to be of another source', () => {
    const event = makeEvent({ a: 'x' }, 'some x');
    const told = new FlatEvent(event.shape, event.values, 0, 'auth.log', event.line, 1, sshd);
    expect(found('    s: {a: x}\n    condition: s', told)).toBe(false);
  });
});

test('--as says what a log is that nobody can tell, and what one is that tells something else', () => {
  const [rule] = makeRules('logsource: {product: zeek, service: rdp}\ndetection:\n    f: {a: y}\n    condition: not f');
  const count = (as: LogSourceNames | null, event: FlatEvent) =>
    new Ruleset(rule ? [{ rule, pack: null }] : [], { as }).match(event).length;
  const plain = makeEvent({ a: 'x' });
  const told = new FlatEvent(plain.shape, plain.values, 0, 'auth.log', null, null, sshd);
  const windows = new FlatEvent(plain.shape, plain.values, 0, 'x.evtx', null, null, windowsLog);
  for (const event of [plain, told]) {
    expect(count(null, event)).toBe(0);
    expect(count({ product: 'zeek', service: 'rdp' }, event)).toBe(1);
    expect(count({ product: 'zeek' }, event)).toBe(0);
  }
  expect(count({ product: 'zeek', service: 'rdp' }, windows)).toBe(0);
});

describe('the table of log sources', () => {
  test('has each row once, in lower case, with one of the evidences', () => {
    const keys = knownSources.map(({ product, category, service }) => JSON.stringify([product, category, service]));
    const doubled = keys.filter((key, index) => keys.indexOf(key) !== index);
    expect(doubled).toEqual([]);
    expect(keys.filter((key) => key !== key.toLowerCase())).toEqual([]);
    for (const { evidence } of knownSources) expect(evidences).toContain(evidence);
  });

  test.each<[WantedSource, boolean, boolean]>([
    [{ product: 'windows', service: 'sysmon' }, true, true],
    [{ product: 'windows', service: 'sysmom' }, true, false],
    [{ product: 'windows', category: 'file_access' }, true, false],
    [{ product: 'windows' }, true, true],
    [{ product: 'widnows', service: 'security' }, false, false],
    [{ product: 'linux', service: 'sshd' }, true, true],
    [{ category: 'process_creation' }, true, true],
    [{ service: 'nginx' }, true, true],
    [{ service: 'ngnix' }, false, false],
    [{ product: 'zeek' }, true, true],
  ])('%j: known product %j, fed %j', (wanted, isKnown, fed) => {
    expect([isKnownProduct(wanted), isFed(wanted)]).toEqual([isKnown, fed]);
  });
});
