import { describe, expect, test } from 'vitest';
import { compareFaults, formatFault, type Fault } from '../../rules/fault.js';

const fault = (file: string, line: number, column: number, code = 'a-code'): Fault => ({
  code,
  message: 'rule: expected this, got that',
  place: { file, line, column },
  severity: 'error',
});

describe('a fault', () => {
  test('is written as compilers write it', () => {
    expect(formatFault(fault('a.yml', 3, 7))).toBe('a.yml:3:7: error: rule: expected this, got that (a-code)');
    expect(formatFault({ ...fault('', 1, 1), place: {}, severity: 'warning' })).toBe(
      'warning: rule: expected this, got that (a-code)',
    );
  });

  test('sorts by file, line, column and code', () => {
    const sorted = [fault('a', 1, 2), fault('a', 1, 9), fault('a', 2, 1, 'b'), fault('a', 2, 1, 'c'), fault('b', 1, 1)];
    expect([...sorted].reverse().sort(compareFaults)).toEqual(sorted);
  });
});
