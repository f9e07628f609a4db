import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Steps have silences of their own, beside the one of the run's rule, whose `step_id` is empty. */
export async function up(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`alter table silence rename to silence_of_rule`.execute(db);
  await sql`create table silence (
    run_id ${text} not null, source ${text} not null, step_id ${text} not null, silence_id ${text},
    ends_at ${integer} not null, lifted_at ${integer}, constraint silence_key primary key (run_id, source, step_id))`.execute(
    db,
  );
  await sql`insert into silence (run_id, source, step_id, silence_id, ends_at, lifted_at)
    select run_id, source, '', silence_id, ends_at, lifted_at from silence_of_rule`.execute(db);
  await sql`drop table silence_of_rule`.execute(db);
}
