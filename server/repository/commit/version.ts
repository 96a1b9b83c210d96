import { type Clock, dayMs, formatSeconds } from '../../../base/clock.js';
import { lifetimeDays } from '../../../keys/roles.js';
import { ServerError } from '../../error.js';

/** Publisher and server clocks may differ by this much. */
const skewMs = dayMs;

/**
 * @param expected see `nextVersion`
 * @throws ServerError `version-not-next`
 */
export function requireVersion(subject: string, expected: number, version: number): void {
  if (version !== expected)
    throw new ServerError('version-not-next', `${subject}: expected version ${expected}, got ${version}`, {
      hint: 'fetch the current metadata and sign again',
    });
}

/** @throws ServerError `expiry-too-far` when metadata would live longer than its kind may (docs/spec/repository.md) */
export function requireLifetime(subject: string, expires: string, kind: keyof typeof lifetimeDays, clock: Clock): void {
  const limit = formatSeconds(new Date(clock.now().getTime() + lifetimeDays[kind] * dayMs + skewMs));
  if (expires > limit)
    throw new ServerError('expiry-too-far', `${subject}: expected an expiry until ${limit}, got ${expires}`);
}
