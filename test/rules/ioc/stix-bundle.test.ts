import { expect, test } from 'vitest';
import type { Indicator } from '../../../rules/ioc/indicator.js';
import { formatStixBundle } from '../../../rules/ioc/stix-bundle.js';
import { parseStixBundle } from '../../../rules/ioc/stix.js';

const indicators: Indicator[] = [
  { type: 'md5', value: 'd41d8cd98f00b204e9800998ecf8427e', score: 80, description: 'd', tlp: 'red' },
  { type: 'domain', value: 'evil.example', score: 100, role: 'trusted' },
  { type: 'cidr', value: '192.0.2.0/24', score: 60, reference: 'https://example.org/r' },
  { type: 'ip', value: '2001:db8::1', score: 60 },
  { type: 'url', value: "http://evil.example/a'b", score: 60, expiresAt: '2027-01-01T00:00:00Z' },
  { type: 'email', value: 'a@evil.example', score: 60 },
  { type: 'registry-key', value: 'hklm\\software\\evil', score: 60 },
  { type: 'filename', value: '(?i)\\\\evil\\.exe$', score: 60 },
  { type: 'handle', value: 'Global\\Evil', score: 60, firstSeenAt: '2025-01-01T00:00:00Z' },
];
const createdAt = '2026-06-01T00:00:00Z';

test('a bundle is read back to the same indicators', () => {
  const { text, leftOut } = formatStixBundle(indicators, createdAt);
  const read = parseStixBundle(text, 'b.json');
  expect(leftOut).toBe(0);
  expect(read?.faults).toEqual([]);
  expect(read?.indicators).toEqual(
    indicators.map((indicator) => ({
      description: `${indicator.type}:${indicator.value}`,
      firstSeenAt: createdAt,
      ...indicator,
    })),
  );
});

test('the same indicators give the same bytes, and what STIX cannot say is counted', () => {
  const first = formatStixBundle([...indicators, { type: 'pipe', value: 'evil', score: 100 }], createdAt);
  expect(first.leftOut).toBe(1);
  expect(formatStixBundle(indicators, createdAt).text).toBe(first.text);
});
