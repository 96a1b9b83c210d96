/** The databases that records may stand in: a suite of stores runs on each of them. */
import pg from 'pg';

/** An empty database of its own. */
export interface EmptyStore {
  /** Null for SQLite: then the records are a file of the server's folder. */
  readonly recordsUrl: string | null;
  close(): Promise<void>;
}

const postgresUrl = process.env['YMS_POSTGRES'];

/** A schema of its own in the database that YMS_POSTGRES names. */
async function emptySchema(address: string): Promise<EmptyStore> {
  const schema = `yms_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  await client.query(`create schema ${schema}`);
  const url = new URL(address);
  url.searchParams.set('options', `-c search_path=${schema}`);
  return {
    recordsUrl: url.href,
    close: async () => {
      await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}

/** With `YMS_TEST_RECORDS=postgres` every test that names no store keeps its records in PostgreSQL. */
export async function defaultStore(): Promise<EmptyStore> {
  const store = stores.find(
    ({ name }) => name === (process.env['YMS_TEST_RECORDS'] === 'postgres' ? 'PostgreSQL' : 'SQLite'),
  );
  if (!store) throw new Error('YMS_TEST_RECORDS: expected YMS_POSTGRES to name a database, got none');
  return store.open();
}

export const stores: readonly { readonly name: string; readonly open: () => Promise<EmptyStore> }[] = [
  { name: 'SQLite', open: () => Promise.resolve({ recordsUrl: null, close: () => Promise.resolve() }) },
  ...(postgresUrl === undefined ? [] : [{ name: 'PostgreSQL', open: () => emptySchema(postgresUrl) }]),
];
