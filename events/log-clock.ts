import type { CalendarTime } from './calendar.js';
import { hostZone, type TimeZone, utc } from './zone.js';

/** What a log's time stamps leave out, and where it is known from. */
export interface ClockSettings {
  /** What somebody has said that the log's clock shows; null: see {@link LogClock}. */
  readonly zone?: TimeZone | null;
  /** When the log was written last, in milliseconds since 1970; null: nobody knows, and a time stamp without a year is none. */
  readonly fileTimeMs?: number | null;
  /** The year of the first time stamp that has none. */
  readonly firstYear?: number | null;
}

const dayMs = 86_400_000;

/** A position in a year, by which days are in order; months of 31 days are good enough for that. */
export function dayOfYear(month: number, day: number): number {
  return month * 31 + day;
}

/**
 * How many years a time stamp without a year is after the one before: 1 where it goes back by more than two months (December, January), -1
 * where a line of the old year came late, else 0. Nothing tells a gap of a whole year.
 */
export function yearsBetween(before: number, after: number): -1 | 0 | 1 {
  const days = after - before;
  return days < -62 ? 1 : days > 340 ? -1 : 0;
}

/**
 * Reads what time stamps say only together with what is known of the log. Formats that are defined to be UTC do not ask
 * it. Lines of programs that write what the clock on the wall shows are in the zone of this computer, exports and tables
 * in UTC, unless somebody says otherwise.
 */
export class LogClock {
  /** Of lines that a program writes for the people of its own host. */
  readonly local: TimeZone;
  /** Of tables and exports. */
  readonly exported: TimeZone;
  readonly #fileTimeMs: number | null;
  #year: number | null;
  #day = -1;

  constructor({ zone = null, fileTimeMs = null, firstYear = null }: ClockSettings = {}) {
    this.local = zone ?? hostZone;
    this.exported = zone ?? utc;
    this.#fileTimeMs = fileTimeMs;
    this.#year = firstYear;
  }

  /**
   * A time stamp without a year, read in the order of the log: the year goes on from line to line, and none is later than
   * a day after the log was written.
   */
  withYear(time: Omit<CalendarTime, 'year'>): number | null {
    if (this.#fileTimeMs === null && this.#year === null) return null;
    this.#year ??= new Date(this.#fileTimeMs ?? 0).getUTCFullYear() + 1;
    const day = dayOfYear(time.month, time.day);
    const step = this.#day < 0 ? 0 : yearsBetween(this.#day, day);
    let year = this.#year + step;
    const isLate = (ms: number | null): boolean => this.#fileTimeMs !== null && ms !== null && ms > this.#fileTimeMs + dayMs; // prettier-ignore
    let ms = this.local({ ...time, year });
    for (let back = 0; back < 3 && (isLate(ms) || (ms === null && this.#day < 0)); back++)
      ms = this.local({ ...time, year: --year });
    if (ms === null) return null;
    if (step >= 0) {
      this.#year = year;
      this.#day = day;
    }
    return ms;
  }
}
