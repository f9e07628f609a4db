import Database from "better-sqlite3";
import { Kysely } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { migrate } from "./migrate.ts";
import type { Schema } from "./schema.ts";
import { sqliteDialect } from "./sqlite-driver.ts";
import type { Store } from "./store.ts";

/**
 * A store in memory, for simulations. Nothing in it is durable, and `reader` sees what an open transaction has written, since
 * there is one connection. (A private temporary file takes 200 µs for a commit, memory 4.)
 */
export async function openMemoryStore(clock: Clock): Promise<Store> {
  const database = new Database(":memory:");
  database.pragma("foreign_keys = ON");
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
