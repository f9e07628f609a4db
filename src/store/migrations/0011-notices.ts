import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Notices in threads, one after the other; those that nobody could be given; what receivers call the first of a thread. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const { text, integer, inKeyOrder } = types;
  await sql`alter table outbox add column thread ${text}`.execute(db);
  await sql`alter table outbox add column notifier ${text}`.execute(db);
  await sql`alter table outbox add column dead_at ${integer}`.execute(db);
  await sql`create index outbox_thread on outbox (thread, notifier, id) where thread is not null`.execute(db);
  await sql`create index outbox_dead on outbox (id) where dead_at is not null`.execute(db);
  await sql`create index outbox_notice on outbox (id) where action = 'notify'`.execute(db);
  await sql`create table notice_thread (
    thread ${text} not null, notifier ${text} not null, run_id ${text}, reference ${text} not null, at ${integer} not null,
    primary key (thread, notifier)) ${inKeyOrder}`.execute(db);
  await sql`create index notice_thread_age on notice_thread (at)`.execute(db);
}
