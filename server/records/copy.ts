import { sql } from 'kysely';
import type { Records, RecordsTransaction } from './database.js';
import { transact } from './transaction.js';
import type { Tables } from './tables.js';

/** Every table, those that others refer to first. */
export const copiedTables = [
  ...(['customers', 'plans', 'licenses', 'groups', 'hosts', 'documents', 'tokens'] as const),
  ...(['people', 'sessions', 'customerFeatures', 'featureMoves', 'deliveries', 'downloads', 'refusals'] as const),
  ...(['metadata', 'targets', 'packs', 'audit', 'idempotency', 'settings', 'jobs', 'rates', 'uploads'] as const),
] as const satisfies readonly (keyof Tables)[];

function withoutRowid<T extends { rowid?: number }>(row: T): Omit<T, 'rowid'> {
  const copy = { ...row };
  delete copy.rowid;
  return copy;
}

/** PostgreSQL takes at most 65,535 values in one statement. */
const rowsAtOnce = 1000;

/**
 * Copies everything of SQLite records that nobody writes to into others, which are empty: all or nothing.
 *
 * @param isEmpty refuses what is not, inside the transaction
 * @returns how many rows
 */
export async function copyRecords(
  from: Records,
  to: Records,
  requireEmpty: (trx: RecordsTransaction) => Promise<void>,
): Promise<number> {
  return transact(to, async (trx) => {
    await requireEmpty(trx);
    let copied = 0;
    for (const table of copiedTables)
      for (let last = 0; ;) {
        const page = await from
          .selectFrom(table)
          .selectAll()
          .select(sql<number>`rowid`.as('rowid'))
          .where(sql<number>`rowid`, '>', last)
          .orderBy(sql`rowid`)
          .limit(rowsAtOnce)
          .execute();
        if (page.length === 0) break;
        last = page.at(-1)?.rowid ?? last;
        copied += page.length;
        await trx.insertInto(table).values(page.map(withoutRowid)).execute();
      }
    return copied;
  });
}
