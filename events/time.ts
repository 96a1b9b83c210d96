const dateTime = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:?\d\d)?$/;
const jsonDate = /^\/Date\((-?\d{1,15})\)\/$/;

/** Numbers above are milliseconds, and below seconds, since 1970: the year 5138 in the one, 1973 in the other. */
const maxSeconds = 1e11;

/**
 * Milliseconds since 1970 of a log's time stamp, or null when it is none: RFC 3339 with `T` or a blank (UTC when no zone
 * stands there), `/Date(ms)/` as PowerShell writes it, or a number of seconds or milliseconds.
 */
export function parseLogTime(value: unknown): number | null {
  if (typeof value === 'number') return value > 0 ? (value < maxSeconds ? value * 1000 : value) : null;
  if (typeof value !== 'string' || value.length > 40) return null;
  const [, date, time, zone = 'Z'] = dateTime.exec(value) ?? [];
  const ms =
    date === undefined || time === undefined
      ? Number(jsonDate.exec(value)?.[1] ?? NaN)
      : Date.parse(`${date}T${time}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`);
  return Number.isNaN(ms) ? null : ms;
}
