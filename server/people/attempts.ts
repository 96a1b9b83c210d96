import { type Clock, hourMs, minuteMs } from '../../base/clock.js';
import { ServerError } from '../error.js';

/** At most `burst` at once, then one each `everyMs`. */
interface Limit {
  readonly burst: number;
  readonly everyMs: number;
}

const limits = {
  /** One address at one account: a person who mistypes. */
  pair: { burst: 8, everyMs: 2 * minuteMs },
  /** All addresses at one account: with a second factor of a million codes this is as good as none. */
  account: { burst: 60, everyMs: minuteMs },
  /** One address at all accounts; a proxy in front makes all people one address. */
  address: { burst: 120, everyMs: 5000 },
} satisfies Record<string, Limit>;

/** Sign-ins that were tried, in memory: a restart forgives, which costs a guesser more than it gives him. */
export class Attempts {
  readonly #clock: Clock;
  readonly #spent = new Map<string, { count: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ServerError `rate-limited`; then nothing was counted */
  spend(email: string, address: string): void {
    const counted = this.#keys(email, address).map(([key, limit]) => ({ key, limit, count: this.#count(key, limit) }));
    for (const { limit, count } of counted)
      if (count + 1 > limit.burst)
        throw new ServerError('rate-limited', 'sign-in: expected fewer tries, got too many', {
          retryAfterSeconds: Math.ceil(((count + 1 - limit.burst) * limit.everyMs) / 1000),
          hint: 'wait, then try again',
        });
    const atMs = this.#clock.now().getTime();
    for (const { key, count } of counted) this.#spent.set(key, { count: count + 1, atMs });
    if (this.#spent.size > 20_000) this.#forget(atMs);
  }

  /** After a sign-in that was right. */
  forgive(email: string, address: string): void {
    for (const [key] of this.#keys(email, address)) this.#spent.delete(key);
  }

  #keys(email: string, address: string): readonly (readonly [string, Limit])[] {
    return [
      [`pair ${address} ${email}`, limits.pair],
      [`account ${email}`, limits.account],
      [`address ${address}`, limits.address],
    ];
  }

  #count(key: string, { everyMs }: Limit): number {
    const before = this.#spent.get(key);
    if (!before) return 0;
    return Math.max(0, before.count - Math.max(0, this.#clock.now().getTime() - before.atMs) / everyMs);
  }

  #forget(nowMs: number): void {
    for (const [key, { atMs }] of this.#spent) if (nowMs - atMs > 2 * hourMs) this.#spent.delete(key);
    // Still full: somebody makes up addresses. The oldest go first.
    for (const key of this.#spent.keys()) {
      if (this.#spent.size <= 20_000) break;
      this.#spent.delete(key);
    }
  }
}
