import { type CalendarTime, monthOf } from './calendar.js';
import { foldFieldName, type FieldValue } from './event.js';
import { parseLogTime } from './time.js';
import { type TimeZone, utc, zoneOf } from './zone.js';

/** Columns that hold a whole time stamp, the best first. */
const timeNames = [
  '@timestamp', 'timestamp', '_time', 'x-timestamp', 'eventtime', 'event_time', 'datetime', 'date-time', 'dateandtime', 'timecreated',
  'timegenerated', 'generatedtime', 'detectiontime', 'detectedat', 'detectedtime', 'detected', 'receivetime', 'receive_time',
  'logtime', 'log_time', 'utctime', 'localtime', 'gmttime', 'x-localtime', 'start', 'rt', 'devtime', 'ts', 'time', 'date',
]; // prettier-ignore

const clock = /(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/.source;
const zoned = /(?: ?([+-]\d\d(?::?\d\d)?|[A-Z]{1,4}))?/.source;
/** What a time stamp looks like, and which groups are its year, month and day; those of the clock follow the date. */
const forms: readonly { readonly form: RegExp; readonly order: readonly [year: number, month: number, day: number] }[] =
  [
    { form: new RegExp(`^\\[?(\\d\\d)/([a-z]{3})/(\\d{4})[: ]${clock}${zoned}\\]?$`, 'i'), order: [3, 2, 1] },
    { form: new RegExp(`^(\\d{1,2})[- ]([a-z]{3})[- ](\\d{4}) ${clock}${zoned}$`, 'i'), order: [3, 2, 1] },
    { form: new RegExp(`^[a-z]{3}, (\\d{1,2}) ([a-z]{3}) (\\d{4}) ${clock}${zoned}$`, 'i'), order: [3, 2, 1] },
    { form: new RegExp(`^([a-z]{3,9}) +(\\d{1,2}),? +(\\d{4}),? +${clock}${zoned}$`, 'i'), order: [3, 1, 2] },
    { form: new RegExp(`^(\\d{4})/(\\d\\d)/(\\d\\d)[ T]${clock}${zoned}$`), order: [1, 2, 3] },
    { form: new RegExp(`^(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4}),? ${clock}${zoned}$`), order: [3, 2, 1] },
  ];
/** `Tue Nov 24 10:00:00.123 2026`, as asctime and, with its fraction, Apache have it. */
const asctime = new RegExp(`^(?:[a-z]{3} )?([a-z]{3}) +(\\d{1,2}) ${clock}(?: ([A-Z]{3,4}))? (\\d{4})$`, 'i');
const halves = new RegExp(`^(\\d{1,2})/(\\d{1,2})/(\\d{4}),? ${clock}(?: ([AP]M))?$`, 'i');

/**
 * Milliseconds since 1970 of a time stamp in a text log, or null: what `parseLogTime` takes, `26/Jul/2026:10:00:00
 * +0200`, `26-Jul-2026 10:00:00`, `Jul 26 2026 10:00:00`, `Sun Jul 26 10:00:00 2026`, `2026/07/26 10:00:00`, `26.07.2026
 * 10:00:00`, `7/26/2026 10:00:00 AM`. What could be day and month or month and day (`07/08/2026`) is none.
 *
 * @param zone where the time stamp names none
 */
export function parseTextTime(text: string, zone: TimeZone = utc): number | null {
  if (text.length > 48 || text.length < 9) return null;
  const known = parseLogTime(text, zone);
  if (known !== null) return known;
  for (const { form, order } of forms) {
    const match = form.exec(text);
    if (match !== null)
      return at(
        order.map((group) => match[group] ?? ''),
        match.slice(4),
        zone,
      );
  }
  const unordered = asctime.exec(text);
  if (unordered !== null) {
    const [, month = '', day = '', hour, minute, second, fraction, name, year = ''] = unordered;
    return at([year, month, day], [hour, minute, second, fraction, name], zone);
  }
  return ofHalves(text, zone);
}

function at(date: readonly string[], time: readonly (string | undefined)[], zone: TimeZone): number | null {
  const [year = '', month = '', day = ''] = date;
  const [hour = '', minute = '', second = '', fraction = '', name] = time;
  const named = name === undefined ? zone : (zoneOf(name) ?? zone);
  return named({
    year: Number(year),
    month: /^\d/.test(month) ? Number(month) : monthOf(month),
    day: Number(day),
    ...clockOf(hour, minute, second, fraction),
  });
}

function clockOf(
  hour: string,
  minute: string,
  second: string,
  fraction: string,
): Pick<CalendarTime, 'hour' | 'minute' | 'second' | 'millisecond'> {
  const millisecond = fraction === '' ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'));
  return { hour: Number(hour), minute: Number(minute), second: Number(second), millisecond };
}

/** Where one of the two is above 12, or they are equal, it is plain which is the day. */
function ofHalves(text: string, zone: TimeZone): number | null {
  const match = halves.exec(text);
  if (match === null) return null;
  const [, first = '', second = '', year = '', ...time] = match;
  const [a, b] = [Number(first), Number(second)];
  if (a <= 12 && b <= 12 && a !== b) return null;
  const half = time[4]?.toUpperCase();
  const hour = half === undefined ? Number(time[0]) : (Number(time[0]) % 12) + (half === 'PM' ? 12 : 0);
  const [month, day] = a > 12 ? [second, first] : [first, second];
  return at([year, month, day], [String(hour), time[1], time[2], time[3]], zone);
}

/** Where rows with these columns say when: from one column, or from `date` and `time` together. */
export function timeReader(
  names: readonly string[],
  zone: TimeZone = utc,
): (values: readonly (FieldValue | undefined)[]) => number | null {
  const folded = names.map(foldFieldName);
  const [date, time] = [folded.indexOf('date'), folded.indexOf('time')];
  const slots = timeNames.map((name) => folded.indexOf(name)).filter((slot) => slot >= 0);
  return (values) => {
    if (date >= 0 && time >= 0) {
      const both = parseTextTime(`${textOf(values[date])} ${textOf(values[time])}`, zone);
      if (both !== null) return both;
    }
    for (const slot of slots) {
      const ms = parseTextTime(textOf(values[slot]), zone);
      if (ms !== null) return ms;
    }
    return null;
  };
}

function textOf(value: FieldValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
