import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { migrateRecords, type Records } from './database.js';

/** `bigint` and counts fit a JavaScript number here: sequences are at most 2^53 − 1. */
const int8 = 20;

/** At once; the rest waits. */
const maxConnections = 10;

/**
 * Opens the records in a PostgreSQL database, and brings its tables up to date.
 *
 * @param url `postgres://user:password@host:port/database`
 * @throws ServerError `records-version` for tables of a newer server
 */
export async function openPostgres(url: string): Promise<Records> {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    types: {
      getTypeParser: (oid, format) =>
        (oid as number) === int8 ? (text: string) => Number(text) : (pg.types.getTypeParser(oid, format) as unknown),
    },
  });
  return migrateRecords(new PostgresDialect({ pool }));
}
