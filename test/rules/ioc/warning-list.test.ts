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
  ['cidr', '64.0.0.0/6', ['error network-wide']],
  ['cidr', '93.184.0.0/16', []],
  ['domain', 'google.com', ['error site-top']],
  ['domain', 'evil.google.com', []],
  ['domain', 'github.io', ['error domain-shared']],
  ['domain', 'evil.github.io', []],
  ['domain', 'a.local', ['error domain-reserved']],
  ['domain', 'a.example', ['warning domain-reserved']],
  ['domain', 'exаmple-bank.com', ['warning domain-confusable']],
  ['domain', 'bücher.de', []],
  ['url', 'http://192.168.1.1/x', ['error address-reserved']],
  ['url', 'http://[::1]/x', ['error address-reserved']],
  ['md5', 'd41d8cd98f00b204e9800998ecf8427e', ['error hash-common']],
] as const)('%s %s', (type, text, expected) => {
  expect(codes(type, text)).toEqual(expected);
});

test('trusted indicators are left alone, expired ones are named', () => {
  expect(codes('domain', 'google.com', { role: 'trusted' })).toEqual([]);
  expect(codes('domain', 'evil.com', { expiresAt: '2026-05-31T00:00:00Z' })).toEqual(['warning expired']);
  expect(codes('domain', 'evil.com', { expiresAt: '2026-06-02T00:00:00Z' })).toEqual([]);
});
