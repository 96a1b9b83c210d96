import { formatSeconds, minuteMs } from '../../base/clock.js';
import { refusedOrThrow, ScannerError } from '../error.js';

/** A server's and a host's clock may differ by minutes without anybody having turned one. */
export const clockToleranceMs = 10 * minuteMs;

/**
 * Expired metadata is a freeze or a clock that runs ahead, and the file alone cannot say which. The time of the server's
 * answer can; nobody signed it, so it decides nothing but the words of a refusal.
 */
export function namedByClock(error: unknown, now: Date, serverTime: Date | null): Error {
  const cause = refusedOrThrow(error);
  const isAhead = serverTime !== null && now.getTime() - serverTime.getTime() > clockToleranceMs;
  if (cause.code !== 'metadata-expired' || !isAhead) return cause;
  return new ScannerError(
    'clock-ahead',
    `clock: expected about ${formatSeconds(serverTime)}, as the server has it, got ${formatSeconds(now)}; to it ${cause.message}`,
    { cause, hint: 'set the clock of this host, then update; detection goes on with the last good set' },
  );
}

/** The `Date` of an answer (RFC 9110 section 6.6.1); null without one that can be read. */
export function timeOf(headers: Headers): Date | null {
  const time = new Date(headers.get('date') ?? '');
  return Number.isNaN(time.getTime()) ? null : time;
}
