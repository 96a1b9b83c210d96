import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, parseJson } from '../../../base/json.js';
import { compileIndicator, decodeIndicator, isExpired, type Indicator } from '../../../rules/ioc/indicator.js';
import { indicatorTypes, normaliseValue } from '../../../rules/ioc/value.js';
import { expectCode } from '../../support/expect-code.js';

const domain: Indicator = { type: 'domain', value: 'evil.example', score: 100 };

describe('decode', () => {
  test('reads what compile wrote', () => {
    const full: Indicator = {
      type: 'filename',
      value: '(?i)\\\\evil\\.exe$',
      score: -10,
      falsePositive: '\\\\good\\\\',
      description: 'd',
      reference: 'https://example.org/r',
      source: 's',
      firstSeenAt: '2026-01-01T00:00:00Z',
      expiresAt: '2027-01-01T00:00:00Z',
      tlp: 'amber+strict',
    };
    const item = compileIndicator(full);
    expect(item.id).toBe('filename:(?i)\\\\evil\\.exe$');
    expect(decodeIndicator(parseJson(canonicalJson(item.value)))).toEqual(full);
  });

  test.each([
    ['an unknown field', { ...domain, extra: 1 }],
    ['no score', { type: 'domain', value: 'evil.example' }],
    ['a fraction', { ...domain, score: 1.5 }],
    ['a score out of range', { ...domain, score: 1001 }],
    ['an unknown type', { ...domain, type: 'sha512' }],
    ['upper case', { ...domain, value: 'Evil.example' }],
    ['a defanged value', { ...domain, value: 'evil[.]example' }],
    ['a domain that is none', { ...domain, value: 'evil' }],
    ['host bits', { ...domain, type: 'cidr', value: '192.0.2.1/24' }],
    ['a long IPv6 spelling', { ...domain, type: 'ip', value: '2001:db8:0::1' }],
    ['an impossible day', { ...domain, expiresAt: '2026-02-30T00:00:00Z' }],
    ['another role', { ...domain, role: 'bad' }],
    ['a script as reference', { ...domain, reference: 'javascript:alert(1)' }],
    ['a false-positive regex on a domain', { ...domain, falsePositive: 'x' }],
    ['a regex that is not linear', { ...domain, type: 'filename', value: '(?=a)b' }],
    ['no object', null],
    ['a list', []],
  ])('refuses %s', async (_, value) => {
    await expectCode('indicator-invalid', () => decodeIndicator(value));
  });
});

test('normalising a normalised value changes nothing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...indicatorTypes),
      fc.oneof(fc.string(), fc.domain(), fc.ipV6(), fc.webUrl(), fc.emailAddress()),
      (type, text) => {
        const once = normaliseValue(type, text);
        if (typeof once === 'string') expect(normaliseValue(type, once)).toBe(once);
      },
    ),
    { numRuns: 3000 },
  );
});

test.each([
  ['url', 'HXXP://User:pw@Evil[.]Example/', 'http://evil.example'],
  ['email', 'Bad(at)Evil[.]example', 'bad@evil.example'],
  ['registry-key', 'HKEY_LOCAL_MACHINE\\Software\\\\Evil\\', 'hklm\\software\\evil'],
  ['ip', '2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['cidr', '2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['fqdn', 'WWW.Evil.Example.', 'www.evil.example'],
] as const)('%s %s', (type, text, normal) => {
  expect(normaliseValue(type, text)).toBe(normal);
});

test('an indicator ends at its expiry, not before', () => {
  const ending: Indicator = { ...domain, expiresAt: '2026-06-01T00:00:00Z' };
  expect(isExpired(ending, new Date('2026-05-31T23:59:59Z'))).toBe(false);
  expect(isExpired(ending, new Date('2026-06-01T00:00:00Z'))).toBe(true);
  expect(isExpired(domain, new Date('2999-01-01T00:00:00Z'))).toBe(false);
});
