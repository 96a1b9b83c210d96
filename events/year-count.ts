import type { FileHandle } from 'node:fs/promises';
import { monthOf } from './calendar.js';
import { dayOfYear, yearsBetween } from './log-clock.js';

const dayMs = 86_400_000;
/** A log up to this size is looked through as a whole, a larger one once every MiB. */
const wholeBytes = 16 * 1024 * 1024;
const stepBytes = 1024 * 1024;
const sampleBytes = 8192;

const stamp = /^(?:<\d{1,3}>)?([A-Z][a-z]{2}) {1,2}(\d{1,2}) \d\d:\d\d:\d\d /gm;

/** Whether a text has time stamps without a year. */
export function isWithoutYear(head: string): boolean {
  stamp.lastIndex = 0;
  for (let match = stamp.exec(head); match !== null; match = stamp.exec(head))
    if (monthOf(match[1] ?? '') > 0) return true;
  return false;
}

/**
 * The year of the first time stamp of a log whose time stamps have none: counted back from when it was written last, a
 * year for each time that its months begin again. Null for a log without such a time stamp.
 *
 * Of a log above 16 MiB a piece of each MiB is looked at: one whose MiBs span a year each is told wrongly.
 */
export async function firstYearOf(handle: FileHandle, bytes: number, fileTimeMs: number): Promise<number | null> {
  const isWhole = bytes <= wholeBytes;
  const buffer = Buffer.alloc(isWhole ? Math.min(stepBytes, bytes) : sampleBytes);
  const last: { month: number; day: number } = { month: 0, day: 0 };
  let years = 0;
  const look = async (from: number): Promise<void> => {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
    for (const [, name = '', date = ''] of buffer.toString('latin1', 0, bytesRead).matchAll(stamp)) {
      const month = monthOf(name);
      if (month === 0) continue;
      const day = Number(date);
      const step = last.month === 0 ? 0 : yearsBetween(dayOfYear(last.month, last.day), dayOfYear(month, day));
      if (step < 0) continue;
      years += step;
      Object.assign(last, { month, day });
    }
  };
  for (let from = 0; from < bytes; from += stepBytes) await look(from);
  if (!isWhole) await look(bytes - sampleBytes);
  return last.month === 0 ? null : yearOfLast(last, fileTimeMs) - years;
}

function yearOfLast({ month, day }: { month: number; day: number }, fileTimeMs: number): number {
  const year = new Date(fileTimeMs + dayMs).getUTCFullYear();
  return Date.UTC(year, month - 1, day) > fileTimeMs + dayMs ? year - 1 : year;
}
