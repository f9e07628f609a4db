import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** How often something secret was replaced in a file, for the manifest of its bundle. */
export async function up(db: Kysely<unknown>, { integer }: ColumnTypes): Promise<void> {
  await sql`alter table artifact add column redactions ${integer}`.execute(db);
}
