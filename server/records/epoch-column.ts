import type { Kysely } from 'kysely';

/** Packs of before there were epochs are of the first one. */
export async function epochColumn(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('packs')
    .addColumn('epoch', 'integer', (c) => c.notNull().defaultTo(1))
    .execute();
}
