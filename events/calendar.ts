/** Date and time of day as a log writes them, in whatever zone. */
export interface CalendarTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 60 in a leap second, which counts as the second after it. */
  readonly second: number;
  readonly millisecond: number;
}

/** In the order of the year, as three letters in lower case. */
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** From 1; 0 for what is no month. */
export function monthOf(name: string): number {
  return months.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

/** Milliseconds since 1970, the time taken as UTC; null for a day or a time of day that does not exist. */
export function utcMs({ year, month, day, hour, minute, second, millisecond }: CalendarTime): number | null {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month))) return null;
  if (!(hour <= 23 && minute <= 59 && (second <= 59 || (second === 60 && minute === 59)))) return null;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  return year >= 100 ? ms : null;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
