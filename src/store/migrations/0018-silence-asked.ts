import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Since when a silence is wanted; not known of those that earlier versions made. */
export async function up(db: Kysely<unknown>, { integer }: ColumnTypes): Promise<void> {
  await sql`alter table silence add column asked_at ${integer}`.execute(db);
}
