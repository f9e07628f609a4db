import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Runs that no alert started: keys of repeated calls, people's notes, and what became of each schedule. */
export async function up(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table start_key (
    principal ${text} not null,
    key ${text} not null,
    digest ${text} not null,
    run_id ${text} not null,
    created_at ${integer} not null,
    primary key (principal, key)
  )`.execute(db);
  await sql`create index start_key_by_age on start_key (created_at)`.execute(db);
  await sql`create table run_note (
    id ${text} primary key not null,
    run_id ${text} not null,
    at ${integer} not null,
    principal ${text} not null,
    text ${text} not null
  )`.execute(db);
  await sql`create index run_note_by_run on run_note (run_id, id)`.execute(db);
  await sql`create table schedule (
    name ${text} primary key not null,
    last_due_at ${integer} not null,
    last_at ${integer} not null,
    last_result ${text} not null,
    last_reason ${text},
    last_text ${text},
    last_run_id ${text}
  )`.execute(db);
}
