import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** What a runbook gives whoever started it. */
export async function up(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await sql`alter table run add column result ${text}`.execute(db);
}
