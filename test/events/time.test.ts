import { expect, test } from 'vitest';
import { parseLogTime } from '../../events/time.js';

test.each([
  ['2025-01-02T03:04:05Z', Date.UTC(2025, 0, 2, 3, 4, 5)],
  ['2025-01-02T03:04:05.1234567Z', Date.UTC(2025, 0, 2, 3, 4, 5, 123)],
  ['2025-01-02 03:04:05.678', Date.UTC(2025, 0, 2, 3, 4, 5, 678)],
  ['2025-01-02T03:04:05+01:00', Date.UTC(2025, 0, 2, 2, 4, 5)],
  ['2025-01-02T03:04:05+0100', Date.UTC(2025, 0, 2, 2, 4, 5)],
  ['/Date(1735787045678)/', 1735787045678],
  [1735787045, 1735787045000],
  [1735787045678, 1735787045678],
])('%s', (value, timeMs) => expect(parseLogTime(value)).toBe(timeMs));

test.each([['yesterday'], [''], ['2025-13-45T99:00:00Z'], ['2025-01-02'], [0], [-5], [null], [true], [['2025']]])(
  '%s is no time',
  (value) => expect(parseLogTime(value)).toBeNull(),
);
