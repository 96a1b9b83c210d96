import { type Clock, hourMs } from '../../base/clock.js';
import { ServerError } from '../error.js';

/**
 * A leaky count of requests for each license: as many at once as it may have in an hour, then as fast as the hour goes
 * by. It counts licenses, never addresses: many hosts stand behind one address.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #spent = new Map<string, { requests: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ServerError `rate-limited` with the whole seconds until there is room for one more */
  spend(licenseId: string, requestsPerHour: number): void {
    const nowMs = this.#clock.now().getTime();
    const before = this.#spent.get(licenseId) ?? { requests: 0, atMs: nowMs };
    const perMs = requestsPerHour / hourMs;
    const requests = Math.max(0, before.requests - Math.max(0, nowMs - before.atMs) * perMs);
    if (requests + 1 > requestsPerHour)
      throw new ServerError(
        'rate-limited',
        `license ${licenseId}: expected at most ${requestsPerHour} requests an hour, got more`,
        {
          retryAfterSeconds: Math.ceil((requests + 1 - requestsPerHour) / perMs / 1000),
        },
      );
    this.#spent.set(licenseId, { requests: requests + 1, atMs: nowMs });
    if (this.#spent.size > 10_000) this.#forgetIdle(nowMs);
  }

  #forgetIdle(nowMs: number): void {
    for (const [licenseId, { atMs }] of this.#spent) if (nowMs - atMs > hourMs) this.#spent.delete(licenseId);
  }
}
