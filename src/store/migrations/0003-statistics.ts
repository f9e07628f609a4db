import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Counts by hour and day for the statistics of rules and runbooks. What is stored already is counted in the background. */
export async function up(db: Kysely<unknown>, { text, integer, inKeyOrder }: ColumnTypes): Promise<void> {
  await sql`create table stat_series (
    id ${integer} primary key not null, rule ${text} not null, runbook ${text} not null, measure ${text} not null, value ${text} not null)`.execute(
    db,
  );
  await sql`create unique index stat_series_names on stat_series (rule, runbook, measure, value)`.execute(db);
  await sql`create table stat_count (
    series ${integer} not null, span ${integer} not null, at ${integer} not null, count ${integer} not null, primary key (series, span, at)) ${inKeyOrder}`.execute(
    db,
  );
  await sql`create table stat_progress (
    id ${integer} primary key not null, decided_to ${text} not null, steps ${integer} not null)`.execute(db);
  // 1 once the run's end is counted, 2 once its outcome is. An outcome comes long after the end, at any time.
  await sql`alter table run add column counted ${integer} not null default 0`.execute(db);
  await sql`create index run_uncounted on run (id) where finished_at is not null and (counted = 0 or (counted = 1 and outcome is not null))`.execute(
    db,
  );
}
