// The rows of the audit log and their chain, on both databases; test/reliability/audit.test.ts shows what tampering comes to.
import { expect, test } from "vitest";
import { createAuditKeys } from "../../src/audit/keys.ts";
import { addAudit } from "../../src/engine/audit.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import { EVERYTHING, listAudit, readRunAudit } from "../../src/store/audit.ts";
import { AUDIT_KEYS, entry, openLog, OTHER_KEYS } from "../audit/audit-fixture.ts";
import { describeStores } from "./stores.ts";

const redaction = createRedaction({ known: [], own: [], onRedacted: () => {} });

describeStores("the audit log", ({ store, peer }) => {
  const sequences = async () =>
    (await store().reader.selectFrom("audit").select("sequence").orderBy("sequence").execute()).map((row) =>
      Number(row.sequence),
    );

  test("a record goes with the transaction that it tells of", async () => {
    const parts = { store: store(), auditKeys: AUDIT_KEYS, redaction };
    const failing = store().transaction(async (tx) => {
      await addAudit(tx, parts, entry());
      throw new Error("the change failed");
    });
    await expect(failing).rejects.toThrow("the change failed");
    expect(await listAudit(store().reader, EVERYTHING, { order: "asc", limit: 10, after: null })).toEqual([]);
  });

  test("records are linked once and in order, however many sealers there are", async () => {
    const [here, there] = [openLog(store()), openLog(peer())];
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([here.add({}, {}, {}), there.add({}, {})]);
      await Promise.all([here.seal(), there.seal()]);
    }
    expect(await sequences()).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    const checkpoints = [...here.checkpoints, ...there.checkpoints];
    expect(await here.verify({ checkpoints })).toMatchObject({ problem: null, linked: 50, unlinked: 0 });
    expect(Math.max(...checkpoints.map(({ sequence }) => sequence))).toBe(50);
  });

  test("what no database can store is replaced before it is signed", async () => {
    const log = openLog(store());
    const bad = "a\0b\ud800c";
    await log.add({
      by: { principal: bad, via: bad, remoteAddress: bad },
      subject: { kind: "user", id: bad },
      detail: { [bad]: bad },
    });
    await log.seal();
    expect(await log.verify()).toMatchObject({ problem: null, linked: 1 });
  });

  test("secrets are taken out, and long details are cut", async () => {
    const log = openLog(store());
    const long = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, "x".repeat(900)]));
    await log.add({ detail: { password: "hunter2hunter2", ...long } });
    await log.seal();
    const [row] = await listAudit(store().reader, EVERYTHING, { order: "asc", limit: 1, after: null });
    expect(row?.detail).not.toContain("hunter2");
    expect(row?.detail.length).toBeLessThan(4_200);
    expect(JSON.parse(row?.detail ?? "")).toMatchObject({ truncated: true });
    expect(await log.verify()).toMatchObject({ problem: null });
  });

  test("lists are narrowed by who, what, whom and when, page by page in both orders", async () => {
    const log = openLog(store());
    const nowMs = Date.now();
    const by = { principal: "rule:web", via: "alert:1", remoteAddress: null };
    await log.add(
      { atMs: nowMs - 2_000 },
      { atMs: nowMs - 1_000, by, action: "run.start", subject: { kind: "run", id: "r2" } },
      { atMs: nowMs, action: "host.hold", subject: { kind: "host", id: "r2" } },
    );
    const page = { order: "asc", limit: 10, after: null } as const;
    const found = async (filter: object) =>
      (await listAudit(store().reader, { ...EVERYTHING, ...filter }, page)).map((row) => row.action);
    expect(await found({})).toEqual(["run.cancel", "run.start", "host.hold"]);
    expect(await found({ principal: "rule:web" })).toEqual(["run.start"]);
    expect(await found({ action: "host.hold" })).toEqual(["host.hold"]);
    expect(await found({ subjectKind: "run", subjectId: "r2" })).toEqual(["run.start"]);
    expect(await found({ sinceMs: nowMs - 1_000 })).toEqual(["run.start", "host.hold"]);
    expect(await found({ untilMs: nowMs - 1_000 })).toEqual(["run.cancel"]);
    const newest = await listAudit(store().reader, EVERYTHING, { order: "desc", limit: 2, after: null });
    expect(newest.map((row) => row.action)).toEqual(["host.hold", "run.start"]);
    const after = newest[1]?.id ?? "";
    const rest = await listAudit(store().reader, EVERYTHING, { order: "desc", limit: 2, after });
    expect(rest.map((row) => row.action)).toEqual(["run.cancel"]);
    const ofRun = await readRunAudit(store().reader, "r2", nowMs);
    expect(ofRun.map((row) => row.action)).toEqual(["run.start"]);
    expect(await readRunAudit(store().reader, "r2", nowMs - 1_001)).toEqual([]);
  });

  test("a record of an earlier key verifies as long as that key is named", async () => {
    const secrets = [Buffer.alloc(32, 2), Buffer.alloc(32, 1)];
    const [before, after] = [openLog(store()), openLog(store(), createAuditKeys(secrets))];
    await before.add({}, {});
    await before.seal();
    await before.add({});
    await after.add({});
    await after.seal();
    const checkpoints = [...before.checkpoints, ...after.checkpoints];
    expect(await after.verify({ checkpoints })).toMatchObject({ problem: null, linked: 4 });
    const alone = await after.verify({ checkpoints: [], keys: OTHER_KEYS });
    expect(alone.problem).toMatchObject({
      sequence: 1,
      message: expect.stringContaining("keys.previous") as string,
    });
  });
});
