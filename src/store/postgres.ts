import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from "kysely";
import type { PoolClient } from "pg";
import { migrate } from "./migrate.ts";
import type { Schema } from "./schema.ts";
import { type Store, StoreUnavailableError } from "./store.ts";

const CONNECTIONS_MAX = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** Without it a server that went away without a word would be waited for until TCP gives up, a quarter of an hour later. */
const QUERY_TIMEOUT_MS = 30_000;
/** A transaction that the database asks to repeat more often than this has found a bug, not a conflict. */
const TRIES_MAX = 10;
/** serialization_failure, deadlock_detected, and unique_violation: another node was faster, and its row is now visible. */
const REPEATABLE = new Set(["40001", "40P01", "23505"]);

/** Opens (and makes, and upgrades) the schema in a PostgreSQL 14+ database. The driver is imported only here: it costs start time. */
export async function openPostgres(url: string): Promise<Store> {
  const { default: pg } = await import("pg");
  const types = {
    // Counts and times fit a JavaScript number; the driver's default for bigint is text.
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === pg.types.builtins.INT8 ? (text: string) => Number(text) : pg.types.getTypeParser(oid, format),
  };
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    types: types as never,
  });
  // A connection that breaks is replaced at the next use, and the statement on it fails by itself; without listeners, one for idle
  // connections and one for those in use, it would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));
  const connections: PostgresPool = {
    options: pool.options,
    connect: async () => guardConnection(await pool.connect()),
    end: () => pool.end(),
  };
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: connections }) });
  try {
    await migrate(db, "postgres");
  } catch (error) {
    await db.destroy();
    throw new Error(
      `open the PostgreSQL database failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  return {
    dialect: "postgres",
    reader: db,
    async nowMs(reader) {
      const result = await sql<{
        now: number;
      }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(reader);
      return result.rows[0]?.now ?? Date.now();
    },
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await db.transaction().setIsolationLevel("read committed").execute(work);
        } catch (error) {
          const code = error instanceof Error && "code" in error ? String(error.code) : "";
          if (REPEATABLE.has(code) && tries < TRIES_MAX) continue;
          throw toStoreError(error, code);
        }
      }
    },
    close: () => db.destroy(),
  };
}

/**
 * A connection as Kysely uses it, but for two things: U+0000, which programs on hosts print and PostgreSQL's text refuses, is replaced; and
 * one that did not answer in time is never used again, since its next answer would be to an earlier question.
 */
function guardConnection(client: PoolClient): PostgresPoolClient {
  let isSilent = false;
  const query = async (text: string, parameters: readonly unknown[]) => {
    if (isSilent) throw new Error("Connection given up after a timeout");
    try {
      return await client.query(text, parameters.map(replaceNul));
    } catch (error) {
      isSilent = String(error).includes("Query read timeout");
      throw error;
    }
  };
  return {
    // Cursors, its other form, are not used.
    query: query as unknown as PostgresPoolClient["query"],
    release: (destroy) => client.release(destroy === true || isSilent),
  };
}

function replaceNul(parameter: unknown): unknown {
  return typeof parameter === "string" && parameter.includes("\0")
    ? parameter.replaceAll("\0", "\ufffd")
    : parameter;
}

function toStoreError(error: unknown, code: string): unknown {
  if (code === "53100")
    return new StoreUnavailableError("disk-full", "PostgreSQL's disk is full; nothing was stored", error);
  // Too many connections, out of memory, a limit of the configuration: it passes.
  if (code.startsWith("53"))
    return new StoreUnavailableError("busy", "PostgreSQL has no room for more; nothing was stored", error);
  if (code === "25006")
    return new StoreUnavailableError("read-only", "PostgreSQL is read-only; is this a standby?", error);
  const isAway =
    code.startsWith("08") ||
    code.startsWith("57P") ||
    /^E[A-Z]+$/.test(code) ||
    /timeout|terminated|Connection/i.test(String(error));
  return isAway
    ? new StoreUnavailableError("away", "PostgreSQL does not answer; nothing was stored", error)
    : error;
}
