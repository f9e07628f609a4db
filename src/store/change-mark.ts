import { sql } from "kysely";
import type { Store } from "./store.ts";

/**
 * A text that is another one after anybody has written to the database, and as a rule only then. It costs microseconds, so that many can
 * ask whether there is anything new. SQLite counts the commits of other connections than the one that asks
 * (https://www.sqlite.org/pragma.html#pragma_data_version); PostgreSQL knows how far its log is written.
 */
export async function readChangeMark({
  dialect,
  reader,
}: Pick<Store, "dialect" | "reader">): Promise<string> {
  const query =
    dialect === "sqlite"
      ? sql<{ mark: number }>`select data_version as mark from pragma_data_version`
      : sql<{ mark: string }>`select pg_current_wal_insert_lsn()::text as mark`;
  const { rows } = await query.execute(reader);
  return String(rows[0]?.mark);
}
