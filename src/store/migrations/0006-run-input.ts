import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Secrets and files that people gave for runs which have not ended, encrypted. Rows are few, and go with the run's end. */
export async function up(db: Kysely<unknown>, { text, blob }: ColumnTypes): Promise<void> {
  await sql`create table run_input (
    run_id ${text} not null,
    name ${text} not null,
    sealed ${blob} not null,
    primary key (run_id, name)
  )`.execute(db);
}
