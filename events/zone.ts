import { type CalendarTime, utcMs } from './calendar.js';
import { EventsError } from './error.js';

/** What a clock on some wall shows, as milliseconds since 1970; null for a time that does not exist. */
export type TimeZone = (time: CalendarTime) => number | null;

export const utc: TimeZone = utcMs;

/** The zone of this computer (`TZ`). */
export const hostZone: TimeZone = (time) => {
  if (utcMs(time) === null) return null;
  const { year, month, day, hour, minute, second, millisecond } = time;
  return new Date(year, month - 1, day, hour, minute, second, millisecond).getTime();
};

/** Abbreviations that mean one thing in the logs of all programs that write them; `IST` and the like do not. */
const abbreviations: Readonly<Record<string, number>> = {
  UTC: 0, GMT: 0, Z: 0, WET: 0, WEST: 60, CET: 60, CEST: 120, EET: 120, EEST: 180, MSK: 180,
  EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420, MDT: -360, PST: -480, PDT: -420, JST: 540, KST: 540,
  AEST: 600, AEDT: 660, NZST: 720, NZDT: 780,
}; // prettier-ignore

/** `+02`, `+0200`, `+02:00`, `Z`, `CET`; null for what is none. */
export function zoneOf(text: string): TimeZone | null {
  const [, sign, hours = '', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  const offset =
    sign === undefined
      ? abbreviations[text.toUpperCase()]
      : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  if (offset === undefined || Math.abs(offset) > 18 * 60) return null;
  return fixedZone(offset);
}

function fixedZone(offsetMinutes: number): TimeZone {
  return (time) => {
    const ms = utcMs(time);
    return ms === null ? null : ms - offsetMinutes * 60_000;
  };
}

const hourMs = 3_600_000;

/**
 * `Europe/Berlin`, `+02:00`, `UTC`, or `local` for that of this computer.
 *
 * @throws EventsError `time-zone`
 */
export function parseTimeZone(name: string): TimeZone {
  if (name === 'local') return hostZone;
  return zoneOf(name) ?? namedZone(name);
}

/** By the tables of ICU. An hour that the clock shows twice is the first of them. */
function namedZone(name: string): TimeZone {
  let format: Intl.DateTimeFormat;
  try {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', ...parts });
  } catch (cause) {
    const message = `time zone: expected a name such as Europe/Berlin or an offset such as +02:00, got ${JSON.stringify(name)}`;
    throw new EventsError('time-zone', message, { cause });
  }
  const offsetAt = (ms: number): number => {
    const of = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = of;
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(ms / 60_000) * 60_000;
  };
  const known = new Map<number, number>();
  return (time) => {
    const wall = utcMs(time);
    if (wall === null) return null;
    const hour = Math.floor(wall / hourMs);
    let offset = known.get(hour);
    if (offset === undefined) {
      // The offset before a change is right for the first of two equal hours, and for one that is left out.
      const before = offsetAt(wall - offsetAt(wall) - hourMs);
      offset = offsetAt(wall - before) === before ? before : offsetAt(wall - offsetAt(wall));
      if (known.size > 10_000) known.clear();
      known.set(hour, offset);
    }
    return wall - offset;
  };
}
