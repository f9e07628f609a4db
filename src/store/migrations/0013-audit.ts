import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Who changed what: rows with a signature each, linked into a chain within a second. */
export async function up(db: Kysely<unknown>, { text, integer, inKeyOrder }: ColumnTypes): Promise<void> {
  await sql`create table audit (
    id ${text} primary key not null, at ${integer} not null, principal ${text} not null, action ${text} not null,
    subject_kind ${text} not null, subject_id ${text} not null, detail ${text} not null, via ${text}, remote_address ${text},
    key_id ${text} not null, mac ${text} not null, sequence ${integer}, hash ${text}) ${inKeyOrder}`.execute(
    db,
  );
  // Also finds what is not linked yet, in the order of the ids.
  await sql`create index audit_sequence on audit (sequence, id)`.execute(db);
  await sql`create index audit_subject on audit (subject_id)`.execute(db);
  // Most records are starts by rules: they are looked up by their run, and cost these two nothing.
  await sql`create index audit_person on audit (principal, id) where principal not like 'rule:%'`.execute(db);
  await sql`create index audit_action on audit (action, id) where action <> 'run.start'`.execute(db);
  await sql`create table audit_chain (
    id ${integer} primary key not null, cut_sequence ${integer} not null, cut_hash ${text}, cut_at ${integer}, key_id ${text},
    mac ${text})`.execute(db);
  await sql`insert into audit_chain (id, cut_sequence) values (1, 0)`.execute(db);
}
