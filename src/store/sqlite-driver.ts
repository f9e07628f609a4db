import type { Database, Statement } from "better-sqlite3";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { createTurns } from "../platform/turns.ts";

/**
 * Kysely on one better-sqlite3 connection. Differs from Kysely's own driver in four ways: transactions begin `immediate`
 * (a deferred one fails at once with SQLITE_BUSY_SNAPSHOT when another writer was faster), whoever asks while a transaction is open
 * waits for its turn, many transactions in a row let others have a turn, and prepared statements are kept.
 */
export function sqliteDialect(database: Database): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(database),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** More than there are distinct statement texts in the program, so that in practice nothing is ever prepared twice. */
const STATEMENTS_MAX = 500;

/** A statement without an answer that is executed once with each of these lists of parameters. Other dialects know no such thing. */
interface RepeatedQuery extends CompiledQuery {
  readonly parts: readonly (readonly unknown[])[];
}

/** Executes a statement once for each list of parameters; one call, since each costs as much as the writing of a small row. */
export function forEach(text: string, parts: readonly (readonly unknown[])[]): CompiledQuery {
  const query: RepeatedQuery = { ...CompiledQuery.raw(text), parts };
  return query;
}

function partsOf(query: CompiledQuery): RepeatedQuery["parts"] {
  return "parts" in query ? (query as RepeatedQuery).parts : [query.parameters];
}

class SqliteDriver implements Driver {
  readonly #database: Database;
  readonly #connection: SqliteConnection;
  readonly #waiting: (() => void)[] = [];
  readonly #takeTurns = createTurns();
  #isTaken = false;

  constructor(database: Database) {
    this.#database = database;
    this.#connection = new SqliteConnection(database);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    return this.#connection;
  }

  /**
   * Every statement is done when it is asked for. Without a turn for the others now and then, 6,000 timers that are due at once kept
   * everybody who asked over HTTP waiting until the last of them was done.
   */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#takeTurns();
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk makes SQLite roll back by itself; a second rollback would hide the first error behind its own.
    if (this.#database.inTransaction) await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }

  async destroy(): Promise<void> {
    this.#database.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement<unknown[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#prepare(query.sql);
    if (statement.reader) return { rows: statement.all(...(query.parameters as unknown[])) as Row[] };
    let changes = 0;
    for (const parameters of partsOf(query)) changes += statement.run(...(parameters as unknown[])).changes;
    return { numAffectedRows: BigInt(changes), rows: [] };
  }

  // oxlint-disable-next-line require-yield -- the contract asks for a generator; nothing here streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("rows are read in pages, not streamed");
  }

  #prepare(text: string): Statement<unknown[]> {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<unknown[]>(text);
    if (this.#statements.size >= STATEMENTS_MAX)
      this.#statements.delete(this.#statements.keys().next().value ?? "");
    this.#statements.set(text, statement);
    return statement;
  }
}
