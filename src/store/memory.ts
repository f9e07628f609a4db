import Database from "better-sqlite3";
import { Kysely } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { migrate } from "./migrate.ts";
import type { Schema } from "./schema.ts";
import { sqliteDialect } from "./sqlite-driver.ts";
import type { Store } from "./store.ts";

/** SQLite's name of a private database that is gone when it is closed; what does not fit into the cache goes to a temporary file. */
const PRIVATE = "";

/**
 * A store that keeps nothing after its end, for simulations. Nothing in it is durable, and `reader` sees what an open
 * transaction has written, since there is one connection.
 */
export async function openMemoryStore(clock: Clock): Promise<Store> {
  const database = new Database(PRIVATE);
  database.pragma("foreign_keys = ON");
  database.pragma("synchronous = OFF");
  database.pragma("journal_mode = MEMORY");
  database.pragma("cache_size = -262144");
  const writer = new Kysely<Schema>({ dialect: sqliteDialect(database) });
  await migrate(writer, "sqlite");
  // A driver of its own: it does not wait for the end of the transaction in which it is asked.
  const reader = new Kysely<Schema>({ dialect: sqliteDialect(database) });
  return {
    dialect: "sqlite",
    reader,
    nowMs: async () => clock.nowMs(),
    transaction: (work) => writer.transaction().execute(work),
    async close() {
      await reader.destroy();
      await writer.destroy();
    },
  };
}
