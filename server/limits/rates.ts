/** Counts that leak away with time, kept in the records: they hold across servers, and over a restart. */
import { sha256Hex, utf8 } from '../../base/bytes.js';
import { type Clock, dayMs } from '../../base/clock.js';
import type { Records, RecordsTransaction } from '../records/database.js';

/** At most `burst` at once, then one each `everyMs`. */
export interface Rate {
  /** What is counted; the records keep its digest, as it may name a person or an address. */
  readonly key: string;
  readonly burst: number;
  readonly everyMs: number;
}

/** No rate is slower than this in forgetting all. */
const keptMs = dayMs;

/**
 * Counts one more of each, when there is room for it in all of them.
 *
 * @returns null; or the milliseconds until there is room, when nothing was counted
 */
export async function spendRates(
  trx: RecordsTransaction,
  clock: Clock,
  rates: readonly Rate[],
): Promise<number | null> {
  const atMs = clock.now().getTime();
  const counted = [];
  for (const rate of rates.toSorted((a, b) => (digestOf(a) < digestOf(b) ? -1 : 1))) {
    const key = digestOf(rate);
    const held = await trx // holds the row, also one that is new
      .insertInto('rates')
      .values({ key, spent: 0, atMs })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ key }))
      .returningAll()
      .executeTakeFirstOrThrow();
    counted.push({ key, rate, spent: Math.max(0, held.spent - Math.max(0, atMs - held.atMs) / rate.everyMs) });
  }
  for (const { rate, spent } of counted) if (spent + 1 > rate.burst) return (spent + 1 - rate.burst) * rate.everyMs;
  for (const { key, spent } of counted)
    await trx
      .updateTable('rates')
      .set({ spent: spent + 1, atMs })
      .where('key', '=', key)
      .execute();
  return null;
}

export async function forgiveRates(trx: RecordsTransaction, rates: readonly Rate[]): Promise<void> {
  await trx.deleteFrom('rates').where('key', 'in', rates.map(digestOf)).execute();
}

/** A job, daily: counts that have leaked away. */
export async function forgetRates({
  records,
  clock,
}: {
  readonly records: Records;
  readonly clock: Clock;
}): Promise<void> {
  await records
    .deleteFrom('rates')
    .where('atMs', '<', clock.now().getTime() - keptMs)
    .execute();
}

function digestOf({ key }: Rate): string {
  return sha256Hex(utf8('yms rate\n'), utf8(key));
}
