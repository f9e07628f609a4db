import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** What is kept for how long: pins, files that only some may see, runs whose evidence is gone, bundles of whole alerts. */
export async function up(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`alter table artifact add column is_sensitive ${integer} not null default 0`.execute(db);
  await sql`alter table run add column pinned_at ${integer}`.execute(db);
  await sql`alter table run add column pinned_by ${text}`.execute(db);
  await sql`alter table run add column evidence_removed_at ${integer}`.execute(db);
  await sql`alter table run add column evidence_removed_because ${text}`.execute(db);
  await sql`create index run_pinned on run (id) where pinned_at is not null`.execute(db);
  // Runs are looked at in the order of their ids, and most of them have lost their evidence long before they go.
  await sql`create index run_evidence on run (id) where evidence_removed_at is null`.execute(db);
  await sql`create table alert_bundle (
    episode_id ${text} not null, facts_digest ${text} not null, file_name ${text} not null, sha256 ${text} not null, bytes ${integer} not null,
    made_at ${integer} not null, primary key (episode_id, facts_digest))`.execute(db);
  // Files whose rows are gone: written with the removal of the rows, gone when the files are.
  await sql`create table archive_removal (name ${text} primary key not null, at ${integer} not null)`.execute(
    db,
  );
}
