/** Locks by name, among everybody who uses the same records: transactions, and whole servers. */
import { type Kysely, PostgresAdapter, sql, type Transaction } from 'kysely';
import { Queue } from '../../base/queue.js';
import type { Tables } from './tables.js';

/** Holds the name until the end of the transaction; others wait. */
export async function holdLock(trx: Transaction<Tables>, name: string): Promise<void> {
  await trx
    .insertInto('locks')
    .values({ name })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ name }))
    .execute();
}

/** Holds a row until the end of the transaction: what is read of it from then on stays as it is. Others may refer to it. */
export async function holdRow(
  trx: Transaction<Tables>,
  table: 'customers' | 'groups' | 'hosts' | 'licenses' | 'people' | 'plans' | 'tokens',
  id: string,
): Promise<void> {
  await trx.selectFrom(table).select('id').where('id', '=', id).forNoKeyUpdate().execute();
}

const queues = new WeakMap<Kysely<Tables>, Map<string, Queue>>();

/**
 * Runs `work` while no other work of this name runs on these records, in whatever process. A SQLite file belongs to one
 * process, so there it is a queue; PostgreSQL holds an advisory lock in a transaction of its own, which ends with the
 * process at the latest. `work` uses `records` as ever, and is not part of that transaction.
 */
export async function alone<T>(records: Kysely<Tables>, name: string, work: () => Promise<T>): Promise<T> {
  if (!isPostgres(records)) return queueOf(records, name).run(work);
  return records.transaction().execute(async (trx) => {
    await sql`set local lock_timeout = 0`.execute(trx);
    await holdAdvisoryLock(trx, name);
    return work();
  });
}

/** Until the end of the transaction. The tables of another schema have locks of their own. */
export async function holdAdvisoryLock(trx: Transaction<Tables>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || ' yms ' || ${name}, 0))`.execute(trx);
}

export function isPostgres(records: Pick<Kysely<Tables>, 'getExecutor'>): boolean {
  return records.getExecutor().adapter instanceof PostgresAdapter;
}

function queueOf(records: Kysely<Tables>, name: string): Queue {
  const own = queues.get(records) ?? new Map<string, Queue>();
  queues.set(records, own);
  const queue = own.get(name) ?? new Queue();
  own.set(name, queue);
  return queue;
}
