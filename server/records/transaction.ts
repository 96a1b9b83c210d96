import type { Records, RecordsTransaction } from './database.js';
import { isJoined, joinTransactions } from './joining.js';

/** How often a transaction is begun again before its failure is the caller's. */
const maxTries = 5;

/**
 * One transaction: all of `work` or nothing. PostgreSQL ends one of two transactions that wait for each other; that one
 * is begun again, so `work` must do nothing outside of the records that may not be done twice.
 *
 * What it reads and then relies on it must hold: `holdRow`, or `holdLock`. In this order:
 * license, group, host, person, token; the audit log last.
 */
export async function transact<T>(records: Records, work: (trx: RecordsTransaction) => Promise<T>): Promise<T> {
  return tryAgain(() => records.transaction().execute(work));
}

/** As {@link transact}, over functions that open transactions of their own: they all come true together, or none. */
export async function transactAll<T>(records: Records, work: () => Promise<T>): Promise<T> {
  return tryAgain(() => joinTransactions(records, work));
}

async function tryAgain<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await attempt();
    } catch (error) {
      if (tries >= maxTries || isJoined() || !isConflict(error)) throw error;
    }
}

/** PostgreSQL: deadlock_detected, serialization_failure. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['40P01', '40001'].includes(String(error.code));
}
