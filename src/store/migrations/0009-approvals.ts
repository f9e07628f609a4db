import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** People inside of runs: who is asked what, what each of them said, and how long a run has waited for them. */
export async function up(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`alter table approval add column kind ${text} not null default 'start'`.execute(db);
  await sql`alter table approval add column step_id ${text}`.execute(db);
  await sql`alter table approval add column wanted ${integer} not null default 1`.execute(db);
  // Whom the approvals of an earlier version asked is not known: operators and admins may decide them.
  await sql`alter table approval add column grants ${text} not null default '{"approve":[],"from":[],"thenAsk":null}'`.execute(
    db,
  );
  await sql`alter table approval add column passed_at ${integer}`.execute(db);
  await sql`alter table approval add column failed_step ${text}`.execute(db);
  await sql`create table approval_vote (
    approval_id ${text} not null, principal ${text} not null, answer ${text} not null, at ${integer} not null,
    comment ${text}, primary key (approval_id, principal))`.execute(db);
  await sql`alter table run add column waiting_since ${integer}`.execute(db);
  await sql`alter table run add column waited_ms ${integer} not null default 0`.execute(db);
}
