import { InvalidArgumentError } from 'commander';
import { type Clock, dayMs, hourMs, minuteMs, secondMs } from '../base/clock.js';
import { parseLogTime } from '../events/time.js';

const unitMs: Readonly<Record<string, number>> = { s: secondMs, m: minuteMs, h: hourMs, d: dayMs, w: 7 * dayMs };

/** A moment: RFC 3339 time or date (UTC when no zone stands there), or how long ago: `30m`, `24h`, `7d`, `2w`. */
export function parseSince(text: string, clock: Clock): Date {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const ago = Number(count) * (unitMs[unit] ?? NaN);
  const ms =
    unit === ''
      ? parseLogTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
      : clock.now().getTime() - ago;
  if (ms === null)
    throw new InvalidArgumentError(`expected a time (2026-01-31T08:00:00Z) or a duration (24h), got "${text}"`);
  return new Date(ms);
}
