import { minuteMs } from '../../../base/clock.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { forgiveRates, type Rate, spendRates } from '../../limits/rates.js';
import { transact } from '../../records/transaction.js';

const limits = {
  /** One address at one account: a person who mistypes. */
  pair: { burst: 8, everyMs: 2 * minuteMs },
  /** All addresses at one account: with a second factor of a million codes this is as good as none. */
  account: { burst: 60, everyMs: minuteMs },
  /** One address at all accounts; a proxy in front makes all people one address. */
  address: { burst: 120, everyMs: 5000 },
} satisfies Record<string, Omit<Rate, 'key'>>;

/** Sign-ins that were tried, counted over all servers on the same records. */
export class Attempts {
  readonly #deps: Pick<ServerDeps, 'records' | 'clock'>;

  constructor(deps: Pick<ServerDeps, 'records' | 'clock'>) {
    this.#deps = deps;
  }

  /** @throws ServerError `rate-limited`; then nothing was counted */
  async spend(email: string, address: string): Promise<void> {
    const { records, clock } = this.#deps;
    const waitMs = await transact(records, (trx) => spendRates(trx, clock, ratesOf(email, address)));
    if (waitMs !== null)
      throw new ServerError('rate-limited', 'sign-in: expected fewer tries, got too many', {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
        hint: 'wait, then try again',
      });
  }

  /** After a sign-in that was right. */
  async forgive(email: string, address: string): Promise<void> {
    await transact(this.#deps.records, (trx) => forgiveRates(trx, ratesOf(email, address)));
  }
}

function ratesOf(email: string, address: string): Rate[] {
  return [
    { key: `sign-in pair ${address} ${email}`, ...limits.pair },
    { key: `sign-in account ${email}`, ...limits.account },
    { key: `sign-in address ${address}`, ...limits.address },
  ];
}
