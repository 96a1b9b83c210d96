/** Transactions that reach over functions which open their own: what they do becomes part of the one around them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type TransactionSettings,
} from 'kysely';

/** A transaction that everything called under it joins. */
interface Joined {
  readonly connection: DatabaseConnection;
  /** How many transactions are open inside it, each a savepoint. */
  depth: number;
  isOpen: boolean;
}

const joined = new AsyncLocalStorage<Joined>();

/** Whether the caller runs under {@link joinTransactions}. */
export function isJoined(): boolean {
  return joined.getStore()?.isOpen === true;
}

/**
 * Runs `work` so that everything it does on these records, in whatever functions, is one transaction. Transactions opened
 * under it are savepoints: one that fails undoes its own part only.
 */
export async function joinTransactions<T, DB>(records: Kysely<DB>, work: () => Promise<T>): Promise<T> {
  return records.transaction().execute((trx) =>
    trx.getExecutor().provideConnection(async (connection) => {
      const state: Joined = { connection, depth: 0, isOpen: true };
      try {
        return await joined.run(state, work);
      } finally {
        state.isOpen = false;
      }
    }),
  );
}

/** A dialect whose connections know of {@link joinTransactions}. */
export class JoiningDialect implements Dialect {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  createDriver(): Driver {
    return new JoiningDriver(this.#dialect.createDriver());
  }

  createQueryCompiler(): QueryCompiler {
    return this.#dialect.createQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return this.#dialect.createAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return this.#dialect.createIntrospector(db);
  }
}

class JoiningDriver implements Driver {
  readonly #driver: Driver;
  readonly #own = new WeakSet<DatabaseConnection>();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const around = this.#around();
    if (around !== null) return around.connection;
    const connection = await this.#driver.acquireConnection();
    this.#own.add(connection);
    return connection;
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const around = this.#around(connection);
    if (around === null) return this.#driver.beginTransaction(connection, settings);
    await execute(connection, `savepoint joined_${++around.depth}`);
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const around = this.#around(connection);
    if (around === null) return this.#driver.commitTransaction(connection);
    await execute(connection, `release savepoint joined_${around.depth--}`);
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const around = this.#around(connection);
    if (around === null) return this.#driver.rollbackTransaction(connection);
    await execute(connection, `rollback to savepoint joined_${around.depth--}`);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (this.#around(connection) === null) await this.#driver.releaseConnection(connection);
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }

  /** The transaction around the caller, when it is one of this driver's connections (and of this very one). */
  #around(connection?: DatabaseConnection): Joined | null {
    const state = joined.getStore();
    if (!state?.isOpen || !this.#own.has(state.connection)) return null;
    return connection === undefined || connection === state.connection ? state : null;
  }
}

async function execute(connection: DatabaseConnection, sql: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(sql));
}
