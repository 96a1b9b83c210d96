/** Time as an argument: everything that asks "is it still valid" takes one, so that tests need no sleep. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until it is moved. */
export class FixedClock implements Clock {
  #time: number;

  constructor(time: Date | string) {
    this.#time = new Date(time).getTime();
  }

  now(): Date {
    return new Date(this.#time);
  }

  advanceMs(ms: number): void {
    this.#time += ms;
  }
}

export const secondMs = 1000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** `YYYY-MM-DDTHH:MM:SSZ`: the only spelling that python-tuf reads (TUF specification 4.2, "date-time"). */
export function formatSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The time of a strict `YYYY-MM-DDTHH:MM:SSZ`, or null for any other spelling, an impossible date or the year 0000. */
export function parseSeconds(text: string): Date | null {
  if (!/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return null;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && formatSeconds(time) === text ? time : null;
}

/**
 * The build time: `SOURCE_DATE_EPOCH` (seconds, reproducible-builds.org) when set, the clock otherwise.
 *
 * @throws RangeError when the variable is set but is no whole number of seconds
 */
export function buildTime(clock: Clock, sourceDateEpoch = process.env['SOURCE_DATE_EPOCH']): Date {
  if (sourceDateEpoch === undefined || sourceDateEpoch === '') return clock.now();
  if (!/^\d{1,12}$/.test(sourceDateEpoch))
    throw new RangeError(`SOURCE_DATE_EPOCH: expected whole seconds, got "${sourceDateEpoch}"`);
  return new Date(Number(sourceDateEpoch) * secondMs);
}
