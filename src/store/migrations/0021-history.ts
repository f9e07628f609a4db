import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** What is left to be done after runs, and when a host was changed last, is found without walking through all that was ever done. */
export async function up(db: Kysely<unknown>, _types: ColumnTypes): Promise<void> {
  await sql`create index outbox_left on outbox (id) where done_at is null`.execute(db);
  await sql`create index run_host_changed on run_host (host, changed_at) where changed_at is not null`.execute(
    db,
  );
}
