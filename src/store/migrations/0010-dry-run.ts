import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Dry runs, and how long the runs of a runbook took that did what they were to. */
export async function up(db: Kysely<unknown>, { integer }: ColumnTypes): Promise<void> {
  await sql`alter table run add column dry_run ${integer} not null default 0`.execute(db);
  // A run enters it at its end, so that the making of runs costs no page more.
  await sql`create index run_succeeded on run (runbook, finished_at) where state = 'succeeded' and dry_run = 0`.execute(
    db,
  );
}
