import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Alerts are found by what was decided about them, and runs by their rule, without looking at all others. */
export async function up(db: Kysely<unknown>, _types: ColumnTypes): Promise<void> {
  await sql`create index decision_kind on decision (kind, episode_id)`.execute(db);
  await sql`create index decision_reason on decision (reason, episode_id) where reason is not null`.execute(
    db,
  );
  await sql`create index run_of_rule on run (rule, id) where rule is not null`.execute(db);
  await sql`create index decision_rule on decision (rule, episode_id) where rule is not null`.execute(db);
}
