import { describe, expect, test } from 'vitest';
import type { Indicator } from '../../../rules/ioc/indicator.js';
import { IndicatorMatcher } from '../../../rules/ioc/matcher.js';
import { normaliseValue, type IndicatorType } from '../../../rules/ioc/value.js';

function matcher(...entries: (readonly [IndicatorType, string, Partial<Indicator>?])[]): IndicatorMatcher<Indicator> {
  return new IndicatorMatcher(
    entries.map(([type, text, more]) => {
      const value = normaliseValue(type, text);
      if (typeof value !== 'string') return expect.fail(`${type} ${text}: ${value.problem}`);
      return { type, value, score: 100, ...more };
    }),
  );
}
const values = (indicators: readonly Indicator[]) => indicators.map(({ type, value }) => `${type}:${value}`).sort();

describe('hosts', () => {
  const hosts = matcher(
    ['domain', 'evil.com'],
    ['fqdn', 'c2.other.org'],
    ['ip', '192.0.2.1'],
    ['cidr', '198.51.100.0/24'],
    ['ip', '2001:db8::1'],
  );

  test.each([
    ['evil.com', ['domain:evil.com']],
    ['WWW.Evil.COM.', ['domain:evil.com']],
    ['notevil.com', []],
    ['evil.com.example', []],
    ['c2.other.org', ['fqdn:c2.other.org']],
    ['x.c2.other.org', []],
    ['192.0.2.1', ['ip:192.0.2.1']],
    ['192.0.2.11', []],
    ['198.51.100.200', ['cidr:198.51.100.0/24']],
    ['2001:0db8::0001', ['ip:2001:db8::1']],
    ['', []],
  ])('%j', (host, expected) => {
    expect(values(hosts.matchHost(host))).toEqual(expected);
  });

  test.each([
    ['GET http://www.evil.com/x HTTP/1.1', ['domain:evil.com']],
    ['from=<a@evil.com>,', ['domain:evil.com']],
    ['0.0.0.0\tevil.com', ['domain:evil.com']],
    ['notevil.com evil.com.au evil-com xevil.com', []],
    ['query: evil.com.', ['domain:evil.com']],
    ['SRC=192.0.2.1 DST=198.51.100.3', ['cidr:198.51.100.0/24', 'ip:192.0.2.1']],
    ['192.0.2.1:443', ['ip:192.0.2.1']],
    ['192.0.2.10 1192.0.2.1 192.0.2.1.5', []],
    ['[2001:db8::1]:443', ['ip:2001:db8::1']],
    ['2001:db8::1', ['ip:2001:db8::1']],
    ['2001:db8::11', []],
  ])('in the text %j', (text, expected) => {
    expect(values(hosts.matchText(text))).toEqual(expected);
  });
});

test('hashes in any case, in a field or in text', () => {
  const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
  const hashes = matcher(['md5', md5], ['sha256', 'e'.repeat(64)]);
  expect(values(hashes.matchHash(md5.toUpperCase()))).toEqual([`md5:${md5}`]);
  expect(values(hashes.matchText(`MD5=${md5.toUpperCase()},SHA256=${'E'.repeat(64)}`))).toHaveLength(2);
  expect(hashes.matchText('e'.repeat(65))).toEqual([]);
  expect(hashes.matchText(`${md5}0`)).toEqual([]);
});

test('file names: plain in any case, expressions in theirs, except where the false-positive expression hits', () => {
  const names = matcher(
    ['filename', 'PlainName'],
    ['filename', '\\\\Evil\\.exe$', { falsePositive: '\\\\Good\\\\' }],
    ['filename', '(?i)\\\\tool[0-9]+\\.dll'],
    ['filename', '[0-9]{3}x'],
  );
  expect(values(names.matchPath('C:\\xPLAINNAMEx'))).toEqual(['filename:plainname']);
  expect(values(names.matchPath('C:\\Evil.exe'))).toEqual(['filename:\\\\Evil\\.exe$']);
  expect(names.matchPath('C:\\evil.exe')).toEqual([]);
  expect(names.matchPath('C:\\Good\\Evil.exe')).toEqual([]);
  expect(values(names.matchPath('C:\\TOOL22.DLL'))).toEqual(['filename:(?i)\\\\tool[0-9]+\\.dll']);
  expect(values(names.matchText('image: C:\\a\\tool1.dll loaded 123x'))).toEqual([
    'filename:(?i)\\\\tool[0-9]+\\.dll',
    'filename:[0-9]{3}x',
  ]);
});

test('keywords keep their case', () => {
  const keywords = matcher(['keyword', 'Mimi::Katz'], ['keyword', 'ΣΑΣ key']);
  expect(values(keywords.matchText('run Mimi::Katz now'))).toEqual(['keyword:Mimi::Katz']);
  expect(keywords.matchText('run mimi::katz now')).toEqual([]);
  expect(values(keywords.matchText('ΣΑΣ key'))).toEqual(['keyword:ΣΑΣ key']);
});

test('pipes: plain equals, expressions are found, in any case', () => {
  const pipes = matcher(['pipe', 'EvilPipe'], ['pipe', 'agent_[0-9a-f]{2}']);
  expect(values(pipes.matchPipe('\\EVILPIPE'))).toEqual(['pipe:evilpipe']);
  expect(values(pipes.matchPipe('\\\\.\\pipe\\MSAGENT_4F'))).toEqual(['pipe:agent_[0-9a-f]{2}']);
  expect(pipes.matchPipe('evilpipe2')).toEqual([]);
  expect(values(pipes.matchText('open \\\\host\\pipe\\evilpipe failed'))).toEqual(['pipe:evilpipe']);
});

test('handles keep case and name space', () => {
  const handles = matcher(['handle', 'Global\\\\Evil'], ['handle', 'Other']);
  expect(values(handles.matchHandle('Global\\Evil'))).toEqual(['handle:Global\\Evil']);
  expect(values(handles.matchHandle('Evil'))).toEqual(['handle:Global\\Evil']);
  expect(handles.matchHandle('Local\\Evil')).toEqual([]);
  expect(handles.matchHandle('global\\evil')).toEqual([]);
  expect(values(handles.matchHandle('\\Sessions\\1\\BaseNamedObjects\\Other'))).toEqual(['handle:Other']);
  expect(values(handles.matchText('mutex "Global\\Evil" created'))).toEqual(['handle:Global\\Evil']);
});

test('registry keys under every spelling of the hive, up to the end of a name', () => {
  const keys = matcher(['registry-key', 'HKLM\\Software\\Evil']);
  for (const text of [
    'HKLM\\Software\\Evil',
    '[HKEY_LOCAL_MACHINE\\SOFTWARE\\EVIL\\Run]',
    '\\REGISTRY\\MACHINE\\Software\\Evil',
    'HKLM:\\software\\evil',
  ])
    expect(values(keys.matchText(text)), text).toEqual(['registry-key:hklm\\software\\evil']);
  for (const text of ['HKLM\\Software\\Evil2', 'HKCU\\Software\\Evil', 'Software\\Evil'])
    expect(keys.matchText(text), text).toEqual([]);
});

test('URLs and e-mail addresses', () => {
  const both = matcher(['url', 'http://Evil.example/a?b'], ['email', 'Bad@Evil.example'], ['domain', 'evil.example']);
  expect(values(both.matchUrl('HTTP://evil.example:80/a?b#c'))).toEqual([
    'domain:evil.example',
    'url:http://evil.example/a?b',
  ]);
  expect(values(both.matchText('see (http://evil.example/a?b).'))).toEqual([
    'domain:evil.example',
    'url:http://evil.example/a?b',
  ]);
  expect(values(both.matchText('from bad@EVIL.example.'))).toEqual(['domain:evil.example', 'email:bad@evil.example']);
  expect(values(both.matchUrl('no url'))).toEqual([]);
});

test('trusted indicators are found and say so', () => {
  const hashes = matcher(['md5', 'd41d8cd98f00b204e9800998ecf8427e', { role: 'trusted' }]);
  expect(hashes.matchHash('d41d8cd98f00b204e9800998ecf8427e')).toMatchObject([{ role: 'trusted' }]);
});

test('hostile text takes no more than linear time', () => {
  const all = matcher(
    ['domain', 'evil.com'],
    ['ip', '2001:db8::1'],
    ['url', 'http://e.com/a'],
    ['email', 'a@e.com'],
    ['pipe', 'p'],
    ['handle', 'h'],
    ['filename', '(a+)+b'],
  );
  const start = performance.now();
  for (const text of [
    'a'.repeat(300_000),
    'a.'.repeat(150_000),
    'a:'.repeat(150_000),
    '\\pipe\\'.repeat(50_000),
    'a@'.repeat(150_000),
    'http://'.repeat(40_000),
  ])
    all.matchText(text);
  expect(performance.now() - start).toBeLessThan(10_000);
});
