import type { TimePart } from './modifiers.js';

const dayMs = 86_400_000;

/**
 * A part of a time as it is written: `YYYY-MM-DD`, optionally with `T` or a blank and `HH:MM`; zones are not looked at
 * (Sigma 2.1, "Time Modifiers"). Null when the text is no such time or has no such part.
 */
export function readTimePart(text: string, part: TimePart): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?/.exec(text);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = -1, minute = -1] = match
    .slice(1)
    .map((group) => (group ? Number(group) : -1));
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59) return null;
  switch (part) {
    case 'year':
      return year;
    case 'month':
      return month;
    case 'week':
      return isoWeek(date);
    case 'day':
      return day;
    case 'hour':
      return hour < 0 ? null : hour;
    case 'minute':
      return minute < 0 ? null : minute;
  }
}

/** The week of ISO 8601: weeks begin on Monday and belong to the year of their Thursday. */
function isoWeek(date: Date): number {
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * dayMs);
  const yearStart = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday.getTime() - yearStart) / (7 * dayMs));
}

/** Numbers as logs write them: decimal, or hexadecimal with `0x`. Null for other text. */
export function readNumber(value: string | number | boolean | null): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  return /^\s*(?:[-+]?\d+(?:\.\d+)?|0x[0-9a-f]{1,16})\s*$/i.test(value) ? Number(value) : null;
}
