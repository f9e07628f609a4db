import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** A run that a rule starts enters two indexes less: who asked for it is looked up for people alone, and its evidence once it has ended. */
export async function up(db: Kysely<unknown>, _types: ColumnTypes): Promise<void> {
  await sql`drop index run_principal`.execute(db);
  await sql`create index run_principal on run (principal, id) where rule is null`.execute(db);
  await sql`drop index run_evidence`.execute(db);
  // Its first column is null in all of it: SQLite takes an index of ids alone no sooner than that of the table's key.
  await sql`create index run_evidence on run (evidence_removed_at, id) where evidence_removed_at is null and finished_at is not null`.execute(
    db,
  );
}
