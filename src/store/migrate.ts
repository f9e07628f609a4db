import { type Kysely, sql } from "kysely";
import * as initial from "./migrations/0001-initial.ts";
import * as guards from "./migrations/0002-guards.ts";
import * as statistics from "./migrations/0003-statistics.ts";
import * as runState from "./migrations/0004-run-state.ts";
import * as archive from "./migrations/0005-archive.ts";
import * as runInput from "./migrations/0006-run-input.ts";
import * as redactions from "./migrations/0007-redactions.ts";
import * as results from "./migrations/0008-results.ts";
import * as approvals from "./migrations/0009-approvals.ts";
import * as dryRun from "./migrations/0010-dry-run.ts";
import * as notices from "./migrations/0011-notices.ts";
import * as starts from "./migrations/0012-starts.ts";
import * as audit from "./migrations/0013-audit.ts";
import * as stepSilences from "./migrations/0014-step-silences.ts";
import * as access from "./migrations/0016-access.ts";
import * as alertSearch from "./migrations/0017-alert-search.ts";
import * as silenceAsked from "./migrations/0018-silence-asked.ts";
import * as outcomes from "./migrations/0019-outcomes.ts";
import * as startsByRules from "./migrations/0020-starts-by-rules.ts";
import * as history from "./migrations/0021-history.ts";
import type { ColumnTypes } from "./column-types.ts";
import type { Schema } from "./schema.ts";

const MIGRATIONS: readonly {
  readonly name: string;
  readonly up: (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>;
}[] = [
  { name: "0001-initial", up: initial.up },
  { name: "0002-guards", up: guards.up },
  { name: "0003-statistics", up: statistics.up },
  { name: "0004-run-state", up: runState.up },
  { name: "0005-archive", up: archive.up },
  { name: "0006-run-input", up: runInput.up },
  { name: "0007-redactions", up: redactions.up },
  { name: "0008-results", up: results.up },
  { name: "0009-approvals", up: approvals.up },
  { name: "0010-dry-run", up: dryRun.up },
  { name: "0011-notices", up: notices.up },
  { name: "0012-starts", up: starts.up },
  { name: "0013-audit", up: audit.up },
  { name: "0014-step-silences", up: stepSilences.up },
  { name: "0016-access", up: access.up },
  { name: "0017-alert-search", up: alertSearch.up },
  { name: "0018-silence-asked", up: silenceAsked.up },
  { name: "0019-outcomes", up: outcomes.up },
  { name: "0020-starts-by-rules", up: startsByRules.up },
  { name: "0021-history", up: history.up },
];

/**
 * Brings the schema up to date in one transaction: a process killed in the middle leaves the old schema or the new one,
 * never half of it. Throws when the database was written by a newer version.
 */
export async function migrate(db: Kysely<Schema>, dialect: "sqlite" | "postgres"): Promise<void> {
  const types =
    dialect === "sqlite"
      ? {
          text: sql.raw("text"),
          integer: sql.raw("integer"),
          blob: sql.raw("blob"),
          inKeyOrder: sql.raw("without rowid"),
        }
      : {
          text: sql.raw('text collate "C"'),
          integer: sql.raw("bigint"),
          blob: sql.raw("bytea"),
          inKeyOrder: sql.raw(""),
        };
  await db.transaction().execute(async (tx) => {
    // One node migrates, the others wait here and then find nothing to do. The number is arbitrary, but must not change.
    if (dialect === "postgres") await sql`select pg_advisory_xact_lock(719400211)`.execute(tx);
    await sql`create table if not exists schema_migration (name text primary key not null, applied_at ${types.integer} not null)`.execute(
      tx,
    );
    const applied = new Set(
      (await tx.selectFrom("schema_migration").select("name").execute()).map((row) => row.name),
    );
    const newer = [...applied].filter((name) => !MIGRATIONS.some((migration) => migration.name === name));
    if (newer.length > 0) {
      throw new Error(
        `the database was written by a newer version (it has ${newer.join(", ")}); start that version, or restore a backup`,
      );
    }
    for (const migration of MIGRATIONS) {
      if (applied.has(migration.name)) continue;
      await migration.up(tx as unknown as Kysely<unknown>, types);
      await tx
        .insertInto("schema_migration")
        .values({ name: migration.name, applied_at: Date.now() })
        .execute();
    }
  });
}

/** Throws when the schema is not that of this version, whichever of both is newer. */
export async function requireMigrated(db: Kysely<Schema>): Promise<void> {
  const rows = await db.selectFrom("schema_migration").select("name").orderBy("name").execute();
  const applied = rows.map((row) => row.name);
  const expected = MIGRATIONS.map((migration) => migration.name);
  if (applied.length === expected.length && expected.every((name) => applied.includes(name))) return;
  throw new Error(
    "the database is of another version; use the command of the version that runs, or start this one once",
  );
}
