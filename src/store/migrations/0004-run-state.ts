import { type Kysely, sql } from "kysely";

/**
 * Finds the few runs that wait or are under way without looking at all others. SQLite takes no partial index for a state
 * that is one of several in its condition, so that `run_live` was never used there: each look read every run.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index run_state on run (state, id)`.execute(db);
  await sql`drop index run_live`.execute(db);
}
