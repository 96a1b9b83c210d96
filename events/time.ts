import { utcMs } from './calendar.js';
import { type TimeZone, utc, zoneOf } from './zone.js';

const jsonDate = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/;

/** A number below is seconds since 1970, and each thousand times as much milliseconds, microseconds, nanoseconds. */
const maxSeconds = 1e11;

/**
 * Milliseconds since 1970 of a log's time stamp, or null when it is none or a day that does not exist: RFC 3339 with `T` or a
 * blank, a point or a comma before the fraction, and a zone of any length (`+02`, `+0200`, `CET`); `/Date(ms)/` as
 * PowerShell writes it; a number of seconds, milliseconds, microseconds or nanoseconds, also as digits.
 *
 * @param zone where the time stamp names none
 */
export function parseLogTime(value: unknown, zone: TimeZone = utc): number | null {
  if (typeof value === 'number') return ofNumber(value);
  if (typeof value !== 'string' || value.length > 48) return null;
  const ms = parseIso(value, zone);
  if (ms !== null) return ms;
  if (/^\d{9,19}(?:\.\d{1,9})?$/.test(value)) return ofNumber(Number(value));
  const [, date] = jsonDate.exec(value) ?? [];
  return date === undefined ? null : Number(date);
}

function ofNumber(value: number): number | null {
  if (!(value > 0)) return null;
  for (let scale = 1000, limit = maxSeconds; scale >= 1e-6; scale /= 1000, limit *= 1000)
    if (value < limit) return scale > 1 ? Math.round(value * scale) : Math.floor(value * scale);
  return null;
}

function parseIso(text: string, zone: TimeZone): number | null {
  if (text.length < 16 || text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return null;
  const divider = text.charCodeAt(10);
  if ((divider !== 0x54 && divider !== 0x20) || text.charCodeAt(13) !== 0x3a) return null;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  let second = 0;
  let at = 16;
  if (text.charCodeAt(16) === 0x3a) {
    second = digits(text, 17, 2);
    at = 19;
  }
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return null;
  let millisecond = 0;
  if (at === 19 && (text.charCodeAt(19) === 0x2e || text.charCodeAt(19) === 0x2c)) {
    const from = ++at;
    while (at < text.length && isDigit(text.charCodeAt(at))) at++;
    if (at === from || at - from > 9) return null;
    for (let place = from, unit = 100; place < from + 3; place++, unit /= 10)
      if (place < at) millisecond += (text.charCodeAt(place) - 0x30) * unit;
  }
  const time = { year, month, day, hour, minute, second, millisecond };
  if (at === text.length) return zone(time);
  if (at === text.length - 1 && text.charCodeAt(at) === 0x5a) return utcMs(time);
  const named = zoneOf(text.slice(at).trim());
  return named === null ? null : named(time);
}

/** The number that `count` digits from `at` on make, or -1. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let place = at; place < at + count; place++) {
    const code = text.charCodeAt(place);
    if (!isDigit(code)) return -1;
    value = value * 10 + code - 0x30;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
