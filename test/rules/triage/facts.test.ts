import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../../../events/event.js';
import { entropyOf } from '../../../rules/triage/entropy.js';
import { FactReader } from '../../../rules/triage/facts.js';
import { WallClock } from '../../../rules/triage/wall-clock.js';
import { contentMatrices, eventOf } from '../../support/triage.js';

const readers = new Map((await contentMatrices()).map((matrix) => [matrix.triage, new FactReader(matrix)]));
const factsOf = (sheet: 'antivirus' | 'proxy', fields: Record<string, FieldValue>, time: string | null = null) =>
  Object.fromEntries(readers.get(sheet)?.read(eventOf(fields, time)) ?? []);

describe('antivirus', () => {
  test.each([
    ['file:_C:\\a\\b.EXE', { path: 'C:\\a\\b.EXE', fileName: 'b.EXE', extension: '.exe' }],
    [
      'containerfile:_C:\\a.zip; file:_C:\\a.zip->in/x.JS',
      { path: ['C:\\a.zip', 'C:\\a.zip->in/x.JS'], fileName: ['a.zip', 'x.JS'], extension: ['.zip', '.js'] },
    ],
    ['/var/www/x.php', { path: '/var/www/x.php', fileName: 'x.php', extension: '.php' }],
    ['file:///C:/Windows/Temp/x.exe', { path: 'C:\\Windows\\Temp\\x.exe', fileName: 'x.exe' }], // ESET
    ['file:///srv/x.php', { path: '/srv/x.php' }],
    ['C:\\noext', { path: 'C:\\noext', fileName: 'noext' }],
  ])('%s', (Path, expected) => {
    expect(factsOf('antivirus', { ThreatName: 'X', Path })).toMatchObject(expected);
  });

  test.each([
    ['Symantec', { RiskName: 'X', FilePath: 'C:\\a.exe', ComputerName: 'PC' }],
    ['ESET', { threat_name: 'X', object_uri: 'file:///C:/a.exe', hostname: 'PC' }],
    ['CrowdStrike', { 'event.DetectName': 'X', 'event.FilePath': 'C:\\a.exe', 'event.ComputerName': 'PC' }],
    [
      'SentinelOne',
      { 'threatInfo.threatName': 'X', 'threatInfo.filePath': 'C:\\a.exe', 'agentRealtimeInfo.agentComputerName': 'PC' },
    ],
    ['ePO', { 'Threat Name': 'X', 'Threat Target File Path': 'C:\\a.exe', 'Threat Target Host Name': 'PC' }],
  ])('names of fields as %s has them', (_, fields) => {
    expect(factsOf('antivirus', fields as unknown as Record<string, FieldValue>)).toMatchObject({
      signature: 'X',
      path: 'C:\\a.exe',
      system: 'PC',
    });
  });

  test('what was running is no place of a file', () => {
    expect(factsOf('antivirus', { ThreatName: 'X', Path: 'amsi:_C:\\Windows\\System32\\x.exe' })).not.toHaveProperty(
      'path',
    );
  });

  test.each([
    ['without a signature', { Path: 'C:\\x', User: 'b' }],
    ['with an empty one', { ThreatName: '-', Path: 'C:\\x' }],
    ['with one that signed a program', { Signature: 'Microsoft', SignatureStatus: 'Valid', ImageLoaded: 'C:\\x' }],
    ['of another channel', { Channel: 'Security', ThreatName: 'X' }],
  ])('an event %s is another kind', (_, fields) => {
    expect(factsOf('antivirus', fields as unknown as Record<string, FieldValue>)).toEqual({});
  });

  test('names of fields as Defender writes them, with blanks', () => {
    expect(factsOf('antivirus', { 'Threat Name': 'X', 'Detection User': 'A\\b', 'Action Name': 'Remove' })).toEqual({
      signature: 'X',
      user: 'A\\b',
      action: 'Remove',
    });
  });
});

describe('proxy', () => {
  test('a whole URL gives host, port, path and file', () => {
    expect(factsOf('proxy', { 'c-uri': 'http://A.example:8000/x/y.PS1?q=1', 'c-useragent': 'curl/8' })).toMatchObject({
      host: 'a.example',
      hostKind: 'name',
      port: 8000,
      path: '/x/y.PS1',
      fileName: 'y.PS1',
      extension: '.ps1',
      userAgentLength: 6,
    });
  });

  test.each(['192.0.2.9/a.exe', 'a.example/x', 'a.example:8080/x', 'a.example?q', 'a.example'])(
    'a URL without its scheme gives its host: %s',
    (URL) => {
      expect(factsOf('proxy', { URL, URLCategory: 'x' })).toMatchObject({ host: URL.replace(/[:/?].*$/, '') });
    },
  );

  test('parts give a URL', () => {
    const fields = { 'cs-host': 'a.example', 'cs-uri-path': '/x', 'cs-uri-query': '?cmd=id', 'cs-uri-port': '443' };
    expect(factsOf('proxy', fields)).toMatchObject({ uri: 'a.example/x?cmd=id', port: 443 });
  });

  test.each([
    ['203.0.113.9', 'public-address'],
    ['10.1.2.3', 'private-address'],
    ['172.20.1.1', 'private-address'],
    ['172.32.1.1', 'public-address'],
    ['[2001:db8::1]', 'public-address'],
    ['fd00::1', 'private-address'],
    ['a.example', 'name'],
    ['999.1.1.1', 'name'],
  ])('%s is a %s', (host, kind) => {
    expect(factsOf('proxy', { 'cs-host': host, 'cs-method': 'GET' })).toMatchObject({ hostKind: kind });
  });

  test('a host with its port, and lists of categories', () => {
    expect(factsOf('proxy', { 'cs-host': 'a.example:4444', category: ['Business', 'Hacking'] })).toMatchObject({
      host: 'a.example',
      port: 4444,
      category: ['Business', 'Hacking'],
    });
  });

  test('an event without a host is another kind', () => {
    expect(factsOf('proxy', { 'c-uri': '/index.html', 'cs-method': 'GET' })).toEqual({});
  });

  test.each([
    ['the name of a host alone, as every log has one', { host: 'web1', message: 'x', user: 'root' }],
    ['a method and address that are there and empty', { host: 'web1', method: '-', url: '' }],
    ['a web server', { 'cs-host': 'a.example', 'cs-method': 'GET', 's-sitename': 'W3SVC1' }],
    ['Windows', { Host: 'a.example', Method: 'GET', EventID: 3 }],
  ])('%s is another kind', (_, fields) => {
    expect(factsOf('proxy', fields as Record<string, FieldValue>)).toEqual({});
  });
});

describe('time', () => {
  test.each([
    ['UTC', '2026-07-25T23:30:00Z', 23, 'saturday'],
    ['Europe/Berlin', '2026-07-25T23:30:00Z', 1, 'sunday'],
    ['Europe/Berlin', '2026-01-25T23:30:00Z', 0, 'monday'],
    ['America/New_York', '2026-07-25T02:30:00Z', 22, 'friday'],
    ['Asia/Kolkata', '2026-07-25T18:29:00Z', 23, 'saturday'],
    ['UTC', '1970-01-01T00:00:00Z', 0, 'thursday'],
    ['UTC', '1969-12-28T23:59:59Z', 23, 'sunday'],
    ['UTC', '2026-07-27T00:00:00Z', 0, 'monday'],
  ])('in %s it is at %s', (zone, time, hour, weekday) => {
    const clock = new WallClock(zone);
    expect(clock.at(Date.parse(time))).toEqual({ hour, weekday });
    expect(clock.at(Date.parse(time))).toEqual({ hour, weekday });
  });

  test('without a time there is no hour', () => {
    expect(factsOf('antivirus', { ThreatName: 'X' })).not.toHaveProperty('hour');
    expect(factsOf('antivirus', { ThreatName: 'X' }, '2026-07-25T23:30:00Z')).toMatchObject({
      hour: 23,
      weekday: 'saturday',
    });
  });
});

test('entropy', () => {
  expect(entropyOf('aaaa')).toBe(0);
  expect(entropyOf('abab')).toBe(1);
  expect(entropyOf('abcdefgh')).toBe(3);
  expect(entropyOf('')).toBe(0);
});
