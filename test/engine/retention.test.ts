// What goes and what stays, on both databases, with real files.
import fc from "fast-check";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RetentionReport } from "../../src/engine/retention-report.ts";
import { newId } from "../../src/platform/ids.ts";
import { insertDecisions } from "../../src/store/decisions.ts";
import { insertDeliveries } from "../../src/store/deliveries.ts";
import { insertGroups } from "../../src/store/groups.ts";
import { noteOnce, putLadder } from "../../src/store/ladders.ts";
import { addToOutbox } from "../../src/store/outbox.ts";
import { forgetEvidence } from "../../src/store/retention.ts";
import { pinRun, readKeeping, unpinRun } from "../../src/store/run-keeping.ts";
import { setTimer } from "../../src/store/timers.ts";
import { describeStores } from "../store/stores.ts";
import { newDecision, newDelivery } from "../store/rows.ts";
import { DAY_MS, type Kept, openKept, type StoredRun } from "./retention-fixture.ts";

const AGE = { isDryRun: false, isThorough: false, removesUnknown: false } as const;
const DRY = { ...AGE, isDryRun: true } as const;
const countsOf = (report: RetentionReport) =>
  Object.fromEntries([...report.removed].map(([kind, { count }]) => [kind, count]));

describeStores("retention", ({ store, dialect }) => {
  const pin = (kept: Kept, run: StoredRun) =>
    kept.store.transaction(async (tx) => pinRun(tx, run.id, { atMs: await kept.nowMs(), by: "user:dana" }));

  test("removes files and bundles at one age, runs at another, and says why they are gone", async () => {
    const kept = await openKept(store());
    const old = await kept.addRun(91 * DAY_MS, { runbookDigest: "sha256:old" });
    const middle = await kept.addRun(31 * DAY_MS);
    const young = await kept.addRun(29 * DAY_MS);
    const report = await kept.retention().pass(AGE);
    expect(countsOf(report)).toEqual({ evidence: 2, run: 1, runbook_text: 1 });
    expect(await kept.ids("run")).toEqual([middle.id, young.id]);
    expect(await kept.ids("artifact")).toEqual([young.id]);
    expect(await kept.ids("bundle")).toEqual([young.id]);
    expect([old, middle, young].map(kept.hasFiles)).toEqual([false, false, true]);
    const keeping = await readKeeping(store().reader, [middle.id, young.id]);
    expect(keeping.get(middle.id)).toMatchObject({ evidenceRemovedBecause: "age" });
    expect(keeping.get(young.id)).toMatchObject({ evidenceRemovedAtMs: null });
    const text = await store().reader.selectFrom("runbook_text").select("digest").execute();
    expect(text).toEqual([{ digest: "sha256:1" }]);
    expect(countsOf(await kept.retention().pass(AGE))).toEqual({});
  });

  test("the text of a runbook stays while a run that is not over calls it", async () => {
    const kept = await openKept(store());
    const digest = `sha256:${"a".repeat(64)}`;
    await kept.addRun(91 * DAY_MS, { runbookDigest: digest });
    const caller = await kept.addRun(DAY_MS, { isOver: false });
    const plan = JSON.stringify({ calls: { sub: { runbook: { name: "restart", digest } } } });
    await kept.store.transaction((tx) =>
      tx.updateTable("run").set({ plan }).where("id", "=", caller.id).execute(),
    );
    expect(countsOf(await kept.retention().pass(AGE))).toEqual({ evidence: 1, run: 1 });
    const texts = await store().reader.selectFrom("runbook_text").select("digest").execute();
    expect(texts.map((text) => text.digest).sort()).toEqual(["sha256:1", digest]);
  });

  test("a dry run says the same as the pass that follows, and removes nothing", async () => {
    const kept = await openKept(store());
    const runs = [];
    for (const ageDays of [100, 95, 40, 20, 10, 1])
      runs.push(await kept.addRun(ageDays * DAY_MS, { bytes: 4_000 }));
    const settings = { bytesMax: 8_000 };
    const dry = await kept.retention(settings).pass(DRY);
    expect(runs.map(kept.hasFiles)).toEqual(runs.map(() => true));
    expect(await kept.ids("run")).toHaveLength(6);
    const real = await kept.retention(settings).pass(AGE);
    const relevant = ({ removed }: RetentionReport) =>
      [...removed].filter(([kind]) => kind !== "runbook_text");
    expect(relevant(dry)).toEqual(relevant(real));
    expect(dry.archiveBytes).toBe(real.archiveBytes);
  });

  const live = [
    ["a run that is not over", (kept: Kept) => kept.addRun(100 * DAY_MS, { isOver: false })],
    [
      "the run of an open alert",
      async (kept: Kept) =>
        kept.addRun(100 * DAY_MS, { episodeId: await kept.addEpisode(100 * DAY_MS, true) }),
    ],
    [
      "the run of an open group",
      async (kept: Kept) => {
        const id = newId();
        await kept.store.transaction((tx) =>
          insertGroups(tx, dialect, [{ id, rule: "slow", key: "x", runId: null, openedAtMs: 1 }]),
        );
        return kept.addRun(100 * DAY_MS, { groupId: id });
      },
    ],
    [
      "a run with a notice that was not delivered",
      async (kept: Kept) => {
        const run = await kept.addRun(100 * DAY_MS);
        const item = { runId: run.id, action: "notify", target: "failed:log", data: {}, dueAtMs: 1 } as const;
        await kept.store.transaction((tx) => addToOutbox(tx, item));
        return run;
      },
    ],
    [
      "a run whose outcome is not known yet",
      async (kept: Kept) => {
        const run = await kept.addRun(100 * DAY_MS);
        await kept.store.transaction((tx) =>
          setTimer(tx, { kind: "verify", subject: run.id, dueAtMs: 1, data: {} }),
        );
        return run;
      },
    ],
    [
      "a run that the statistics have not counted",
      async (kept: Kept) => {
        const run = await kept.addRun(100 * DAY_MS);
        await kept.store.transaction((tx) =>
          tx.updateTable("run").set({ counted: 0 }).where("id", "=", run.id).execute(),
        );
        return run;
      },
    ],
    [
      "a pinned run",
      async (kept: Kept) => {
        const run = await kept.addRun(100 * DAY_MS);
        await pin(kept, run);
        return run;
      },
    ],
  ] as const;
  test.each(live)("%s stays with its files, whatever its age and the archive's size", async (_name, add) => {
    const kept = await openKept(store());
    const run = await add(kept);
    const other = await kept.addRun(100 * DAY_MS);
    await kept.retention({ bytesMax: 1 }).pass(AGE);
    expect([kept.hasFiles(run), kept.hasFiles(other)]).toEqual([true, false]);
    expect(await kept.ids("run")).toEqual([run.id]);
    expect(await kept.ids("artifact")).toEqual([run.id]);
    expect(kept.log.join("")).toContain("the archive is over its limit");
  });

  test("a run that was pinned goes once it is unpinned, or when pins do not count", async () => {
    const kept = await openKept(store());
    const [first, second] = [await kept.addRun(100 * DAY_MS), await kept.addRun(100 * DAY_MS)];
    for (const run of [first, second]) await pin(kept, run);
    await store().transaction((tx) => unpinRun(tx, first.id));
    await kept.retention().pass(AGE);
    expect(await kept.ids("run")).toEqual([second.id]);
    await kept.retention({ keepsPinned: false }).pass(AGE);
    expect(await kept.ids("run")).toEqual([]);
  });

  test("a run that a ladder remembers stays as long as the ladder may go on", async () => {
    const kept = await openKept(store());
    const [remembered, other] = [await kept.addRun(100 * DAY_MS), await kept.addRun(100 * DAY_MS)];
    const remember = (atMs: number) =>
      store().transaction((tx) =>
        putLadder(tx, { rule: "slow", groupKey: "g", rung: 1, atMs, runId: remembered.id }),
      );
    await remember(await kept.nowMs());
    await kept.retention().pass(AGE);
    expect(await kept.ids("run")).toEqual([remembered.id]);
    expect(kept.hasFiles(other)).toBe(false);
    await remember((await kept.nowMs()) - 91 * DAY_MS);
    await kept.retention().pass(AGE);
    expect(await kept.ids("run")).toEqual([]);
    expect(await store().reader.selectFrom("ladder").selectAll().execute()).toEqual([]);
  });

  test("what happened once is remembered for as long as runs are", async () => {
    const kept = await openKept(store());
    const note = (key: string, atMs: number) => store().transaction((tx) => noteOnce(tx, key, atMs));
    const nowMs = await kept.nowMs();
    await note("old", nowMs - 91 * DAY_MS);
    await note("new", nowMs - 89 * DAY_MS);
    await kept.retention().pass(AGE);
    const left = await store().reader.selectFrom("start_once").select("key").execute();
    expect(left).toEqual([{ key: "new" }]);
  });

  test("takes the files of the oldest runs first, and no more than it must", async () => {
    const kept = await openKept(store());
    const runs = [];
    for (let age = 9; age > 0; age -= 1) runs.push(await kept.addRun(age * DAY_MS, { bytes: 10_000 }));
    const { archiveBytes } = await kept.retention().pass(DRY);
    const each = archiveBytes / runs.length;
    const report = await kept.retention({ bytesMax: Math.floor(archiveBytes - each * 2.5) }).pass(AGE);
    expect(runs.map(kept.hasFiles)).toEqual([false, false, false, true, true, true, true, true, true]);
    expect(countsOf(report)).toEqual({ evidence: 3 });
    const gauge = await kept.metrics.archiveBytes.get();
    const after = await kept.retention().pass(DRY);
    expect(gauge.values[0]?.value).toBe(after.archiveBytes);
    expect(await kept.ids("run")).toHaveLength(9);
    const removed = await kept.metrics.retentionDeleted.get();
    expect(removed.values).toMatchObject([{ labels: { kind: "evidence" }, value: 3 }]);
  });

  test("removes decisions, bodies and alerts when nothing of them is left, and nothing of an open alert", async () => {
    const kept = await openKept(store());
    const nowMs = await kept.nowMs();
    const closed = await kept.addEpisode(100 * DAY_MS, false);
    const young = await kept.addEpisode(80 * DAY_MS, false);
    const open = await kept.addEpisode(100 * DAY_MS, true);
    const opened = await store()
      .reader.selectFrom("episode")
      .select(["id", "delivery_id"])
      .orderBy("id")
      .execute();
    const decisions = opened.map(({ id }, index) =>
      newDecision({ id: id.slice(0, -1) + String(index), episodeId: id, atMs: nowMs - 95 * DAY_MS }),
    );
    await store().transaction(async (tx) => {
      await insertDecisions(tx, dialect, decisions);
      await insertDeliveries(
        tx,
        dialect,
        opened.map(({ delivery_id: id }) =>
          newDelivery({ id, receivedAtMs: nowMs - 80 * DAY_MS, body: Buffer.alloc(50) }),
        ),
      );
    });
    const report = await kept.retention().pass(AGE);
    expect(report.removed.get("delivery")).toEqual({ count: 2, bytes: 100 });
    expect(await kept.ids("episode")).toEqual([open, young].sort());
    const deliveryOfOpen = opened.find((row) => row.id === open)?.delivery_id;
    expect(await kept.ids("delivery")).toEqual([deliveryOfOpen]);
    const left = await store().reader.selectFrom("decision").select("episode_id").execute();
    expect(left.map((row) => row.episode_id)).toContain(open);
    expect(left.map((row) => row.episode_id)).not.toContain(closed);
  });

  test("the alert of a run that is kept is kept too", async () => {
    const kept = await openKept(store());
    const episodeId = await kept.addEpisode(100 * DAY_MS, false);
    const run = await kept.addRun(99 * DAY_MS, { episodeId });
    await pin(kept, run);
    await kept.retention().pass(AGE);
    expect(await kept.ids("episode")).toEqual([episodeId]);
    await store().transaction((tx) => unpinRun(tx, run.id));
    await kept.retention().pass(AGE);
    expect([await kept.ids("run"), await kept.ids("episode")]).toEqual([[], []]);
  });

  test("goes on where a process was killed between the rows and the files", async () => {
    const kept = await openKept(store());
    const run = await kept.addRun(40 * DAY_MS);
    await store().transaction(async (tx) =>
      forgetEvidence(tx, [run.id], { atMs: await kept.nowMs(), because: "age" }),
    );
    expect([kept.hasFiles(run), await kept.ids("bundle")]).toEqual([true, []]);
    await kept.retention().pass(AGE);
    expect(kept.hasFiles(run)).toBe(false);
    expect(await kept.ids("artifact")).toEqual([]);
    expect(await store().reader.selectFrom("archive_removal").selectAll().execute()).toEqual([]);
  });

  describe("a thorough pass", () => {
    const THOROUGH = { ...AGE, isThorough: true } as const;
    const longAgo = new Date(Date.now() - DAY_MS);

    test("removes a file that nobody recorded, and reports one that is recorded and gone", async () => {
      const kept = await openKept(store());
      const run = await kept.addRun(DAY_MS);
      const live = await kept.addRun(DAY_MS, { isOver: false });
      const stray = (of: StoredRun) => join(kept.folder, "runs", of.id, "files/web-1/stray.log");
      for (const of of [run, live]) {
        await writeFile(stray(of), "x".repeat(50));
        await utimes(stray(of), longAgo, longAgo);
      }
      const young = join(kept.folder, "runs", run.id, "files/web-1/young.log");
      await writeFile(young, "x");
      const gone = await kept.addRun(DAY_MS);
      await rm(join(kept.folder, "runs", gone.id, "files/web-1/app.log"));
      await rm(gone.file);
      const dry = await kept.retention().pass({ ...THOROUGH, isDryRun: true });
      expect(existsSync(stray(run))).toBe(true);
      const report = await kept.retention().pass(THOROUGH);
      for (const each of [dry, report]) {
        expect([...each.removed]).toEqual([["stray_file", { count: 1, bytes: 50 }]]);
        expect(each.missing.toSorted()).toEqual(
          [join(gone.id, "files/web-1/app.log"), `bundles/${gone.bundle}.zip`].sort(),
        );
      }
      // A run that goes on may be about to record it.
      expect([stray(run), stray(live), young].map((path) => existsSync(path))).toEqual([false, true, true]);
      expect(kept.hasFiles(run)).toBe(true);
      expect(kept.log.join("")).toContain("files of runs are missing in the archive");
    });

    test("leaves what another database may know, unless it is told otherwise", async () => {
      const kept = await openKept(store());
      const unknown = newId();
      await mkdir(join(kept.folder, "runs", unknown, "files"), { recursive: true });
      await writeFile(join(kept.folder, "runs", unknown, "files/a"), "xyz");
      const bundle = join(kept.folder, "bundles", `${"0".repeat(64)}.zip`);
      await writeFile(bundle, "zip");
      await utimes(bundle, longAgo, longAgo);
      const report = await kept.retention().pass(THOROUGH);
      expect([report.unknown, report.removed.size]).toEqual([{ count: 2, bytes: 6 }, 0]);
      expect(existsSync(bundle)).toBe(true);
      const asked = await kept.retention().pass({ ...THOROUGH, removesUnknown: true });
      expect([...asked.removed]).toEqual([["stray_file", { count: 2, bytes: 6 }]]);
      expect(await readdir(join(kept.folder, "runs"))).toEqual([]);
      expect(await readdir(join(kept.folder, "bundles"))).toEqual([]);
    });
  });

  test("any mixture of runs: only what may go goes, and files and rows agree", {
    timeout: 120_000,
  }, async () => {
    const runs = fc.array(
      fc.record({
        ageDays: fc.integer({ min: 0, max: 120 }),
        isOver: fc.boolean(),
        isPinned: fc.boolean(),
        bytes: fc.integer({ min: 1, max: 20_000 }),
      }),
      { maxLength: 8 },
    );
    const bytesMax = fc.integer({ min: 1, max: 100_000 });
    await fc.assert(
      fc.asyncProperty(runs, bytesMax, async (wanted, limit) => {
        const kept = await openKept(store());
        const added: { run: StoredRun; parts: (typeof wanted)[number] }[] = [];
        for (const parts of wanted) {
          const run = await kept.addRun(parts.ageDays * DAY_MS + 3_600_000, parts);
          if (parts.isPinned) await pin(kept, run);
          added.push({ run, parts });
        }
        const report = await kept.retention({ bytesMax: limit }).pass(AGE);
        const rows = new Set(await kept.ids("run"));
        const withFiles = new Set(await kept.ids("artifact"));
        for (const { run, parts } of added) {
          const isProtected = parts.isPinned || !parts.isOver;
          expect(rows.has(run.id)).toBe(isProtected || parts.ageDays < 90);
          const mayHaveFiles = isProtected || parts.ageDays < 30;
          expect(withFiles.has(run.id) && !mayHaveFiles).toBe(false);
          expect(isProtected && !withFiles.has(run.id)).toBe(false);
          expect(kept.hasFiles(run)).toBe(withFiles.has(run.id));
        }
        const after = await kept.retention({ bytesMax: limit }).pass(DRY);
        expect(after.removed.size).toBe(0);
        // Over the limit only when nothing more may go; and no young run went while an older one might have.
        const removable = added.filter(
          ({ run, parts }) => withFiles.has(run.id) && !parts.isPinned && parts.isOver,
        );
        expect(after.archiveBytes > limit && removable.length > 0).toBe(false);
        expect(report.archiveBytes).toBeGreaterThanOrEqual(after.archiveBytes);
        await emptied(kept);
      }),
      { numRuns: 15 },
    );
  });
});

async function emptied({ store }: Kept): Promise<void> {
  await store.transaction(async (tx) => {
    for (const table of ["run", "artifact", "bundle", "runbook_text"] as const)
      await tx.deleteFrom(table).execute();
  });
}
