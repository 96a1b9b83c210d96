import { describe, expect, test } from 'vitest';
import { readNumber, readTimePart } from '../../../rules/sigma/timestamp.js';

describe('parts of times', () => {
  test.each([
    ['2024-01-01', 1],
    ['2023-01-01', 52],
    ['2021-01-03', 53],
    ['2020-12-31', 53],
    ['2024-12-30', 1],
    ['2024-12-29', 52],
  ])('%s is in week %i', (text, week) => {
    expect(readTimePart(text, 'week')).toBe(week);
  });

  test.each(['', 'today', '2024', '2024-02-30', '2024-00-10', '2024-01-01T24:00', '2024-01-01 10:60', '01/02/2024'])(
    '%j has none',
    (text) => {
      expect(readTimePart(text, 'day')).toBeNull();
    },
  );

  test('are read as written, without zones', () => {
    expect(readTimePart('2024-06-01T23:59:00+09:00', 'hour')).toBe(23);
    expect(readTimePart('2024-06-01T23:59:00+09:00', 'day')).toBe(1);
    expect(readTimePart('2024-06-01', 'minute')).toBeNull();
  });
});

test.each<[string | number | boolean | null, number | null]>([
  [5, 5],
  ['5', 5],
  [' -5.25 ', -5.25],
  ['0x1F', 31],
  ['', null],
  ['5x', null],
  ['1e3', null],
  [true, null],
  [null, null],
])('number of %j: %j', (value, number) => {
  expect(readNumber(value)).toBe(number);
});
