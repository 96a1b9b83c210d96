/** How often which refusal was given, by day: what the overview shows and no log search has to find. */
import { type Clock, formatSeconds } from '../../base/clock.js';
import { Queue } from '../../base/queue.js';
import type { Records } from '../records/database.js';
import { transact } from '../records/transaction.js';

/**
 * Counted in memory and saved by {@link Refusals.save}: a flood of refused requests writes nothing by itself. What was
 * counted since the last save is lost when the process dies.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #saving = new Queue();
  #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(code: string): void {
    const key = `${formatSeconds(this.#clock.now()).slice(0, 10)} ${code}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Adds what was counted to the records. Whoever reads them calls it first; a job does each minute, and the server at its end. */
  async save(records: Records): Promise<void> {
    await this.#saving.run(async () => {
      const counts = this.#counts;
      this.#counts = new Map();
      if (counts.size === 0) return;
      await transact(records, async (trx) => {
        for (const [key, count] of [...counts].sort()) {
          const [day = '', code = ''] = key.split(' ');
          await trx
            .insertInto('refusals')
            .values({ day, code, count })
            .onConflict((conflict) =>
              conflict.columns(['day', 'code']).doUpdateSet((e) => ({ count: e('refusals.count', '+', count) })),
            )
            .execute();
        }
      });
    });
  }
}
