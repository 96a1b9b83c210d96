import { ServerError } from '../error.js';
import { type Dialect, Kysely, type SqliteDatabase, SqliteDialect, sql, type Transaction } from 'kysely';
import Database from 'libsql';
import { JoiningDialect } from './joining.js';
import { holdAdvisoryLock, isPostgres } from './lock.js';
import { migrations } from './migrations.js';
import { SingleWriter } from './single-writer.js';
import type { Tables } from './tables.js';

export type Records = Kysely<Tables>;
/** Inside a transaction only its own handle may be used: SQLite has one connection, and waiting for it would be for ever. */
export type RecordsTransaction = Transaction<Tables>;

/**
 * Opens the SQLite file, made when missing, and brings its tables up to date.
 *
 * WAL and `synchronous = full`: an answered publish survives a power cut.
 *
 * @throws ServerError `records-version` for a file of a newer server
 */
export async function openRecords(path: string): Promise<Records> {
  return recordsOn(openSqlite(path));
}

export function openSqlite(path: string): SqliteDatabase {
  const database = new Database(path, { timeout: 5000 });
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = full');
  database.pragma('foreign_keys = on');
  return {
    close: () => database.close(),
    // On a full disk SQLite rolls back by itself; a second rollback would fail and hide why.
    prepare: (sql) => database.prepare(/^rollback/.test(sql) && !database.inTransaction ? 'select 0 where 0' : sql),
  };
}

/** Puts what stands in the log beside a SQLite file into the file, and empties the log. */
export async function wholeFile(records: Records): Promise<void> {
  await sql`pragma wal_checkpoint(truncate)`.execute(records);
}

/** As {@link openRecords}, on a database that stands already. */
export async function recordsOn(database: SqliteDatabase): Promise<Records> {
  return migrateRecords(new SqliteDialect({ database }));
}

/**
 * Any database that kysely speaks to, with its tables brought up to date: of processes that start together one does it,
 * the others wait.
 *
 * @throws ServerError `records-version` for tables of a newer server
 */
export async function migrateRecords(dialect: Dialect): Promise<Records> {
  const db = new Kysely<Tables & { schemaVersion: { version: number } }>({ dialect: new JoiningDialect(dialect) });
  const records = isPostgres(db) ? db : db.withPlugin(new SingleWriter());
  try {
    await db.transaction().execute(async (trx) => {
      if (isPostgres(db)) await holdAdvisoryLock(trx, 'migrate');
      await trx.schema
        .createTable('schemaVersion')
        .ifNotExists()
        .addColumn('version', 'integer', (c) => c.primaryKey())
        .execute();
      const done = await trx
        .selectFrom('schemaVersion')
        .select((e) => e.fn.max('version').as('version'))
        .executeTakeFirst();
      const current = done?.version ?? 0;
      if (current > migrations.length) throw newerTables(current);
      for (const [i, migrate] of migrations.slice(current).entries()) {
        await migrate(trx as unknown as Kysely<unknown>);
        await trx
          .insertInto('schemaVersion')
          .values({ version: current + i + 1 })
          .execute();
      }
    });
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return records;
}

function newerTables(version: number): ServerError {
  return new ServerError(
    'records-version',
    `records: expected tables of version ${migrations.length} or older, got version ${version}`,
    { hint: 'start the newer version of yms that wrote these records' },
  );
}

/** Whether an insert failed because its unique key is taken (SQLite; PostgreSQL calls it 23505). */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', '23505'].includes(String(error.code));
}
