// Who executes a run: claims, leases, fences.
import { describe, expect, test } from "vitest";
import type { Run } from "../../src/runs/records.ts";
import { RUN_STATES } from "../../src/runs/states.ts";
import {
  adoptRuns,
  assertOwned,
  endRun,
  noteChange,
  type Ownership,
  parkRun,
  renewLeases,
  StaleFenceError,
} from "../../src/store/run-ownership.ts";
import { nextWaitingMs, readRun, setRunOutcome } from "../../src/store/runs.ts";
import { addRuns, claimWaiting, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

const ownershipOf = ({ id, owner, fence }: Run): Ownership => ({ runId: id, owner: owner ?? "", fence });

describeStores("ownership of runs", ({ store, peer, dialect }) => {
  const claim = (owner: string, parts: { nowMs?: number; limit?: number; handle?: typeof store } = {}) => {
    const nowMs = parts.nowMs ?? 10_000;
    return (parts.handle ?? store)().transaction((tx) =>
      claimWaiting(tx, dialect, { owner, nowMs, leaseUntilMs: nowMs + 30_000, limit: parts.limit ?? 100 }),
    );
  };
  async function claimOne(owner = "node-a"): Promise<Run> {
    await addRuns(store(), newRun());
    const [run] = await claim(owner, { limit: 1 });
    if (run === undefined) throw new Error("nothing was claimed");
    return run;
  }
  const adopt = (owner: string, nowMs: number, includeExpired: boolean) =>
    store().transaction((tx) =>
      adoptRuns(tx, { owner, nowMs, leaseUntilMs: nowMs + 30_000, includeExpired }),
    );
  const read = async (id: string) => {
    const run = await readRun(store().reader, id);
    if (run === null) throw new Error("there is no such run");
    return run;
  };

  describe("claiming", () => {
    test("takes the oldest first, no more than asked for, and raises the fence", async () => {
      const ids = await addRuns(store(), ...Array.from({ length: 5 }, () => newRun()));
      const first = await claim("node-a", { limit: 3 });
      expect(first.map((run) => run.id)).toEqual(ids.slice(0, 3));
      expect(first[0]).toMatchObject({ state: "running", owner: "node-a", fence: 1, startedAtMs: 10_000 });
      expect((await claim("node-b", { limit: 3 })).map((run) => run.id)).toEqual(ids.slice(3));
      expect(await claim("node-c")).toEqual([]);
    });

    test("gives each run to one of ten nodes that ask at the same time", async () => {
      const ids = await addRuns(store(), ...Array.from({ length: 30 }, () => newRun()));
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          claim(`node-${index}`, { limit: 4, handle: index % 2 === 0 ? store : peer }),
        ),
      );
      const claimed = claims.flat().map((run) => run.id);
      expect(Math.max(...claims.map((runs) => runs.length))).toBeLessThanOrEqual(4);
      expect(new Set(claimed).size).toBe(claimed.length);
      expect(claimed.length + (await claim("last")).length).toBe(ids.length);
    });

    test("leaves runs that wait for a person, and those that are over", async () => {
      const states = RUN_STATES.filter((state) => state !== "queued" && state !== "running");
      await addRuns(store(), ...states.map((state) => newRun({ state })));
      expect(await claim("node-a")).toEqual([]);
    });

    test("takes a parked run up when its time has come, and keeps its start", async () => {
      const run = await claimOne();
      await store().transaction((tx) => parkRun(tx, ownershipOf(run), 50_000));
      expect(await read(run.id)).toMatchObject({ state: "running", owner: null, fence: 1 });
      expect(await nextWaitingMs(store().reader)).toBe(50_000);
      expect(await claim("node-b", { nowMs: 49_999 })).toEqual([]);
      const [again] = await claim("node-b", { nowMs: 50_000 });
      expect(again).toMatchObject({ id: run.id, owner: "node-b", fence: 2, startedAtMs: 10_000 });
      expect(await nextWaitingMs(store().reader)).toBe(null);
    });

    test("takes a run up at once that was given back without a time", async () => {
      const run = await claimOne();
      await store().transaction((tx) => parkRun(tx, ownershipOf(run), null));
      expect(await claim("node-b", { nowMs: 10_000 })).toMatchObject([{ id: run.id, fence: 2 }]);
    });
  });

  describe("ownership", () => {
    test("a node adopts what it had, and others' only when their lease has run out and it may", async () => {
      const mine = await claimOne("node-a");
      const other = await claimOne("node-b");
      expect((await adopt("node-a", 20_000, false)).map(({ id, fence }) => [id, fence])).toEqual([
        [mine.id, 2],
      ]);
      expect((await adopt("node-a", 40_000, true)).map(({ id }) => id)).toEqual([mine.id]);
      expect((await adopt("node-c", 40_001, false)).map(({ id }) => id)).toEqual([]);
      expect((await adopt("node-c", 40_001, true)).map(({ id, owner }) => [id, owner])).toEqual([
        [other.id, "node-c"],
      ]);
    });

    test("of ten nodes that take over at the same time each run goes to one", async () => {
      const runs = await Promise.all(Array.from({ length: 5 }, () => addRuns(store(), newRun())));
      await claim("gone");
      const adopted = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store() : peer()).transaction((tx) =>
            adoptRuns(tx, {
              owner: `node-${index}`,
              nowMs: 50_000,
              leaseUntilMs: 80_000,
              includeExpired: true,
            }),
          ),
        ),
      );
      expect(
        adopted
          .flat()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(runs.flat().sort());
      for (const run of adopted.flat()) expect(run.fence).toBe(2);
    });

    test("a renewed lease keeps a run from others; a parked or ended run has none", async () => {
      const run = await claimOne("node-a");
      const parked = await claimOne("node-a");
      await store().transaction((tx) => parkRun(tx, ownershipOf(parked), 99_000));
      await store().transaction((tx) => renewLeases(tx, "node-a", 70_000));
      expect(await adopt("node-b", 69_999, true)).toEqual([]);
      expect((await adopt("node-b", 70_001, true)).map(({ id }) => id)).toEqual([run.id]);
    });

    const WRITES: readonly [
      string,
      (tx: Parameters<typeof endRun>[0], ownership: Ownership) => Promise<void>,
    ][] = [
      ["assert", (tx, ownership) => assertOwned(tx, dialect, ownership)],
      ["park", (tx, ownership) => parkRun(tx, ownership, 1)],
      ["note a change", (tx, ownership) => noteChange(tx, ownership, { startedAtMs: 1, endedAtMs: 2 })],
      [
        "end",
        (tx, ownership) =>
          endRun(tx, ownership, {
            state: "succeeded",
            failedStep: null,
            message: null,
            summary: null,
            atMs: 1,
          }),
      ],
    ];
    test.each(WRITES)("to %s is refused with a stale fence, and changes nothing", async (_name, write) => {
      const run = await claimOne("node-a");
      const stale = ownershipOf(run);
      await adopt("node-b", 60_000, true);
      const before = await read(run.id);
      await expect(store().transaction((tx) => write(tx, stale))).rejects.toThrow(StaleFenceError);
      expect(await read(run.id)).toEqual(before);
      await store().transaction((tx) => write(tx, { ...stale, owner: "node-b", fence: 2 }));
    });

    test("what is written before a refused assertion is rolled back with it", async () => {
      const run = await claimOne("node-a");
      await adopt("node-b", 60_000, true);
      const writing = store().transaction(async (tx) => {
        await setRunOutcome(tx, run.id, "fixed", "said the stale node");
        await assertOwned(tx, dialect, ownershipOf(run));
      });
      await expect(writing).rejects.toThrow(StaleFenceError);
      expect(await read(run.id)).toMatchObject({ outcome: null });
    });

    test("keeps the start of the first change and the end of the last", async () => {
      const run = await claimOne();
      const note = (startedAtMs: number | null, endedAtMs: number) =>
        store().transaction((tx) => noteChange(tx, ownershipOf(run), { startedAtMs, endedAtMs }));
      await note(null, 100);
      await note(150, 200);
      await note(250, 300);
      expect(await read(run.id)).toMatchObject({ changeStartedAtMs: 150, changeEndedAtMs: 300 });
    });
  });
});
