import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { minuteMs, secondMs } from '../../base/clock.js';
import { ServerError } from '../error.js';
import { migrateRecords, type Records } from './database.js';

/** `bigint` and counts fit a JavaScript number here: sequences are at most 2^53 − 1. */
const int8 = 20;

/** At once in one process; the rest waits. */
const maxConnections = 10;

/**
 * The address of a PostgreSQL database: `postgres://user@host:port/database`, with what libpq's addresses may have more.
 *
 * @throws ServerError `option-invalid`; the address is not repeated, as it may hold a password
 */
export function parseRecordsUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const refuse = (got: string) =>
    new ServerError('option-invalid', `records: expected postgres://USER@HOST/DATABASE, got ${got}`);
  if (url === null) throw refuse('a text that is no address');
  if (!['postgres:', 'postgresql:'].includes(url.protocol)) throw refuse(`an address that begins ${url.protocol}`);
  if (url.pathname.length < 2) throw refuse('an address without a database');
  return url;
}

/**
 * Opens the records in a PostgreSQL database, and brings its tables up to date.
 *
 * @param onLost told of connections that ended while nobody used them; the next use makes new ones
 * @throws ServerError `option-invalid`, `records-unavailable`; `records-version` for tables of a newer server
 */
export async function openPostgres(address: string, onLost: (error: Error) => void): Promise<Records> {
  const pool = new pg.Pool({
    connectionString: parseRecordsUrl(address).href,
    application_name: 'yms',
    max: maxConnections,
    connectionTimeoutMillis: 10 * secondMs,
    lock_timeout: 10 * secondMs,
    statement_timeout: minuteMs,
    keepAlive: true,
    types: {
      getTypeParser: (oid, format) =>
        (oid as number) === int8 ? (text: string) => Number(text) : (pg.types.getTypeParser(oid, format) as unknown),
    },
  });
  pool.on('error', onLost);
  pool.on('connect', (client) => client.on('error', () => undefined)); // in use: its query fails, and says why
  try {
    return await migrateRecords(new PostgresDialect({ pool }));
  } catch (cause) {
    if (isUnavailable(cause))
      throw new ServerError(
        'records-unavailable',
        `records: expected a PostgreSQL database to answer, got ${(cause as Error).message}`,
        { cause },
      );
    throw cause;
  }
}

/** Nobody answers, too many ask, the database stops or starts, or somebody else holds what is needed for too long. */
const unavailableCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'],
  ...['08000', '08001', '08003', '08004', '08006', '53300', '57P01', '57P02', '57P03', '55P03', '57014'],
]);

/** Whether PostgreSQL could not answer now, whatever it was asked. Refusals of its own (rights, tables) are none. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (/^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)) return true;
  const isOfConnection = error instanceof pg.DatabaseError || ('syscall' in error && error.syscall === 'connect');
  return isOfConnection && 'code' in error && unavailableCodes.has(String(error.code));
}

/** Whether somebody else held a row for longer than is waited for. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03';
}
