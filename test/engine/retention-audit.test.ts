// Old records of the audit log go from its beginning, and what is left can still be verified, on both databases.
import { expect, test } from "vitest";
import { EVERYTHING, listAudit } from "../../src/store/audit.ts";
import { openLog } from "../audit/audit-fixture.ts";
import { describeStores } from "../store/stores.ts";
import { DAY_MS, openKept } from "./retention-fixture.ts";

const AGE = { isDryRun: false, isThorough: false, removesUnknown: false } as const;
const AUDIT_MS = 400 * DAY_MS;

describeStores("retention of the audit log", ({ store }) => {
  /** A log whose records are so many days old, in this order, sealed by two rounds. */
  async function logOf(...days: readonly number[]) {
    const kept = await openKept(store());
    const log = openLog(store());
    const nowMs = await kept.nowMs();
    const entries = days.map((day) => ({ atMs: nowMs - day * DAY_MS, detail: { day } }));
    const half = days.length >> 1;
    await log.add(...entries.slice(0, half));
    await log.seal();
    await log.add(...entries.slice(half));
    await log.seal();
    const removed = async (isDryRun: boolean) =>
      (await kept.retention({ auditMs: AUDIT_MS }).pass({ ...AGE, isDryRun })).removed.get("audit")?.count ??
      0;
    return { log, removed };
  }
  const left = async () => {
    const rows = await listAudit(store().reader, EVERYTHING, { order: "asc", limit: 20, after: null });
    return rows.map(({ action, detail }) =>
      action === "audit.remove" ? action : (JSON.parse(detail) as { day: number }).day,
    );
  };

  test("old ones go, the removal is a record, and all checkpoints still hold", async () => {
    const { log, removed } = await logOf(500, 450, 410, 399, 10, 0);
    expect(await removed(true)).toBe(3);
    expect(await left()).toEqual([500, 450, 410, 399, 10, 0]);
    expect(await removed(false)).toBe(3);
    expect(await left()).toEqual([399, 10, 0, "audit.remove"]);
    await log.seal();
    expect(await log.verify()).toMatchObject({ problem: null, linked: 4 });
    expect(log.checkpoints.at(-1)).toMatchObject({ sequence: 7, count: 4 });
    expect(await removed(false)).toBe(0);
  });

  test("nothing goes before a whole day of it may go, and nothing behind a record that stays", async () => {
    const young = await logOf(400.5, 400.2, 0);
    expect(await young.removed(false)).toBe(0);
    expect(await left()).toEqual([400.5, 400.2, 0]);
  });

  test("a record from the middle never goes, however old it says it is", async () => {
    const { log, removed } = await logOf(500, 1, 500, 0);
    expect(await removed(false)).toBe(1);
    expect(await left()).toEqual([1, 500, 0, "audit.remove"]);
    await log.seal();
    expect(await log.verify()).toMatchObject({ problem: null });
  });

  test("a log that is old as a whole can go as a whole, and goes on", async () => {
    const { log, removed } = await logOf(...Array.from({ length: 5_050 }, () => 500));
    expect(await removed(false)).toBe(5_050);
    expect(await left()).toEqual(["audit.remove", "audit.remove"]);
    await log.add({});
    await log.seal();
    expect(await log.verify()).toMatchObject({ problem: null, linked: 3 });
    expect(log.checkpoints.at(-1)).toMatchObject({ sequence: 5_053, count: 3 });
  });

  test("whoever removes more than that is found, and a cut that was not signed is none", async () => {
    const { log, removed } = await logOf(500, 450, 10, 5, 0);
    await removed(false);
    await log.seal();
    const [row] = await listAudit(store().reader, EVERYTHING, { order: "asc", limit: 1, after: null });
    await store().transaction(async (tx) => {
      await tx.deleteFrom("audit").where("sequence", "=", 3).execute();
    });
    expect((await log.verify()).problem).toMatchObject({ sequence: 3, message: "record 3 is missing" });
    await store().transaction(async (tx) => {
      await tx
        .updateTable("audit_chain")
        .set({ cut_sequence: 3, cut_hash: row?.hash ?? "" })
        .execute();
    });
    expect((await log.verify()).problem?.message).toContain("was changed or forged");
  });
});
