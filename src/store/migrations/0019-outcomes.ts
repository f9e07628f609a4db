import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Runs and alerts are found by their outcome, and runs by what started them, however few there are among all others. */
export async function up(db: Kysely<unknown>, _types: ColumnTypes): Promise<void> {
  await sql`create index run_outcome on run (outcome, id) where outcome is not null`.execute(db);
  await sql`create index run_trigger on run (trigger_kind, id)`.execute(db);
  await sql`create index episode_outcome on episode (outcome, id) where outcome is not null`.execute(db);
}
