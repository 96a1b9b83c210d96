import { expect, test } from 'vitest';
import { buildTime, FixedClock, formatSeconds, parseSeconds } from '../../base/clock.js';

test('times have one spelling', () => {
  expect(formatSeconds(new Date('2026-11-24T12:00:00.999Z'))).toBe('2026-11-24T12:00:00Z');
  expect(parseSeconds('2026-11-24T12:00:00Z')?.getTime()).toBe(Date.UTC(2026, 10, 24, 12));
  for (const text of ['2026-11-24T12:00:00.1Z', '2026-11-24T12:00:00+00:00', '2026-02-29T00:00:00Z', '2026-11-24', ''])
    expect(parseSeconds(text)).toBeNull();
});

test('the build time is SOURCE_DATE_EPOCH where it is set', () => {
  const clock = new FixedClock('2026-11-24T12:00:00Z');
  expect(buildTime(clock, '86400')).toEqual(new Date('1970-01-02T00:00:00Z'));
  expect(buildTime(clock, '')).toEqual(clock.now());
  expect(() => buildTime(clock, 'yesterday')).toThrow(RangeError);
});
