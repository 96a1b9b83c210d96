import { expect, test } from 'vitest';
import type { Indicator } from '../../../rules/ioc/indicator.js';
import { normaliseValue, type IndicatorType } from '../../../rules/ioc/value.js';
import { WarningList } from '../../../rules/ioc/warning-list.js';

const list = new WarningList();
const now = new Date('2026-06-01T00:00:00Z');

function codes(type: IndicatorType, text: string, more: Partial<Indicator> = {}): string[] {
  const value = normaliseValue(type, text);
  if (typeof value !== 'string') return expect.fail(value.problem);
  return list.lint([{ type, value, score: 100, ...more }], now).map(({ code, severity }) => `${severity} ${code}`);
}

test.each([
  ['ip', '10.1.2.3', ['error address-reserved']],
  ['ip', '172.31.0.1', ['error address-reserved']],
  ['ip', '172.32.0.1', []],
  ['ip', '192.0.2.9', ['warning address-documentation']],
  ['ip', '8.8.8.8', ['error resolver-public']],
  ['ip', '::1', ['error address-reserved']],
  ['ip', 'fe80::1', ['error address-reserved']],
  ['ip', '2606:4700:4700::1111', ['error resolver-public']],
  ['ip', '93.184.216.34', []],
  ['cidr', '192.168.4.0/24', ['error address-reserved']],
  ['cidr', '64.0.0.0/6', ['error resolver-public', 'error network-wide']],
  ['cidr', '93.184.0.0/16', []],
  ['cidr', '8.8.8.0/24', ['error resolver-public']],
  ['cidr', '1.0.0.0/8', ['error resolver-public']],
  ['cidr', '192.0.0.0/9', ['error address-reserved', 'warning address-documentation', 'error resolver-public']],
  ['ip', '1.1.1.2', ['error resolver-public']],
  ['ip', '198.41.0.4', ['error resolver-public']],
  ['ip', '104.16.1.1', ['warning address-shared']],
  ['cidr', '104.16.0.0/12', ['warning address-shared']],
  ['cidr', '2620:fe::/48', ['error resolver-public']],
  ['domain', 'google.com', ['error site-top']],
  ['domain', 'evil.google.com', ['warning site-top']],
  ['domain', 'www.google.com', ['error site-top']],
  ['url', 'http://www.google.com', ['error site-top']],
  ['url', 'https://docs.google.com/document/d/1', []],
  ['fqdn', 'crl.microsoft.com', ['error site-top']],
  ['domain', 'pool.ntp.org', ['error site-top']],
  ['domain', 'co.uk', ['error domain-suffix']],
  ['domain', 'in-addr.arpa', ['error domain-suffix']],
  ['domain', 'anything.ck', ['error domain-suffix']],
  ['domain', 'www.ck', []],
  ['domain', 'evil.co.uk', []],
  ['domain', 'workers.dev', ['error domain-shared']],
  ['domain', 'evil.workers.dev', []],
  ['domain', 'printer.lan', ['error domain-reserved']],
  ['domain', 'host.internal', ['error domain-reserved']],
  ['domain', 'github.io', ['error domain-shared']],
  ['domain', 'evil.github.io', []],
  ['domain', 'a.local', ['error domain-reserved']],
  ['domain', 'a.example', ['warning domain-reserved']],
  ['domain', 'exаmple-bank.com', ['warning domain-confusable']],
  ['domain', 'bücher.de', []],
  ['url', 'http://192.168.1.1/x', ['error address-reserved']],
  ['url', 'http://[::1]/x', ['error address-reserved']],
  ['md5', 'd41d8cd98f00b204e9800998ecf8427e', ['error hash-common']],
  ['sha1', 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', ['error hash-common']], // test
  ['md5', '93b885adfe0da089cdf634904fd59f71', ['error hash-common']], // a NUL byte
  ['md5', 'f34d5f2d4577ed6d9ceec516c1f5a744', ['error hash-common']], // .NET's imports
  ['imphash', 'b34f154ec913d2d2c435cbd644e91687', ['warning hash-common']], // NSIS
  ['sha256', '0'.repeat(64), ['error hash-common']],
  ['md5', '0123456789abcdef0123456789abcdef', []],
  ['registry-key', 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run', ['error key-common']],
  [
    'registry-key',
    'HKU\\S-1-5-21-1-2-3-500\\Software\\Microsoft\\Windows\\CurrentVersion\\RunOnce',
    ['error key-common'],
  ],
  ['registry-key', 'HKLM\\SYSTEM\\ControlSet001\\Services', ['error key-common']],
  ['registry-key', 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon', ['error key-common']],
  ['registry-key', 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Acme', []],
  ['registry-key', 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Acme', []],
] as const)('%s %s', (type, text, expected) => {
  expect(codes(type, text)).toEqual(expected);
});

test('trusted indicators are left alone, expired ones are named', () => {
  expect(codes('domain', 'google.com', { role: 'trusted' })).toEqual([]);
  expect(codes('domain', 'evil.com', { expiresAt: '2026-05-31T00:00:00Z' })).toEqual(['warning expired']);
  expect(codes('domain', 'evil.com', { expiresAt: '2026-06-02T00:00:00Z' })).toEqual([]);
});
