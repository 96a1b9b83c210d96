import { type Kysely, sql } from 'kysely';

/** What servers on the same records tell each other, uploads that wait for a commit, and packs whose key does not open. */
export async function sharedTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('settings')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('jobs')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('slot', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('rates')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('spent', 'double precision', (c) => c.notNull())
    .addColumn('atMs', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('uploads')
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('length', 'bigint', (c) => c.notNull())
    .addColumn('uploadedAt', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('uploads_sha256_actor', ['sha256', 'actor'])
    .execute();
  await db.schema.createIndex('uploads_actor').on('uploads').column('actor').execute();
  await db.schema.createIndex('targets_sha256').on('targets').column('sha256').execute();
  await db.schema.alterTable('packs').addColumn('refusedAt', 'text').execute();
  await db.schema.createIndex('idempotency_created').on('idempotency').column('createdAt').execute();
  // Answers are now saved together with what they answer: what is still at work here is of a process that died.
  await sql`delete from idempotency where body is null`.execute(db);
}
