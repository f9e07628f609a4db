import { expect, test } from "vitest";
import type { Reason } from "../../src/runs/reasons.ts";
import { holdRun } from "../../src/store/run-holds.ts";
import { countLiveRuns, readLockHolders } from "../../src/store/guard-facts.ts";
import { askForLocks, takeLocks } from "../../src/store/run-locks.ts";
import { claimRuns, type Ownership, StaleFenceError } from "../../src/store/run-ownership.ts";
import { cancelQueuedRuns, readRun } from "../../src/store/runs.ts";
import {
  endWaitingRun,
  queueApprovedRun,
  releaseHeldRuns,
  resumeToCancel,
  resumeWaitingRun,
  waitForPeople,
} from "../../src/store/waiting-runs.ts";
import { addRuns, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

describeStores("runs that wait for a person", ({ store }) => {
  const approve = (id: string) => store().transaction((tx) => queueApprovedRun(tx, id, 5_000));
  const endIt = (id: string, state: "rejected" | "timed_out") =>
    store().transaction((tx) => endWaitingRun(tx, id, { state, message: "no", atMs: 6_000 }));

  test("come into line by a yes, once, with the time of it", async () => {
    const [waiting = "", queued = ""] = await addRuns(
      store(),
      newRun({ state: "waiting_person" }),
      newRun({ state: "queued" }),
    );
    expect(await approve(waiting)).toBe(true);
    expect(await approve(waiting)).toBe(false);
    expect(await approve(queued)).toBe(false);
    expect(await readRun(store().reader, waiting)).toMatchObject({ state: "queued", queuedAtMs: 5_000 });
  });

  test.each(["rejected", "timed_out"] as const)("end as %s, once, without having begun", async (state) => {
    const [waiting = "", queued = ""] = await addRuns(
      store(),
      newRun({ state: "waiting_person" }),
      newRun({ state: "queued" }),
    );
    expect(await endIt(waiting, state)).toBe(true);
    expect(await endIt(waiting, state)).toBe(false);
    expect(await endIt(queued, state)).toBe(false);
    expect(await readRun(store().reader, waiting)).toMatchObject({
      state,
      message: "no",
      finishedAtMs: 6_000,
      startedAtMs: null,
    });
  });
});

describeStores("runs that wait for people in their middle", ({ store }) => {
  async function begin(): Promise<{ readonly runId: string; readonly ownership: Ownership }> {
    const [runId = ""] = await addRuns(store(), newRun());
    const claim = { owner: "node-1", nowMs: 1_000, leaseUntilMs: 9_000 };
    const [run] = await store().transaction((tx) => claimRuns(tx, [runId], claim));
    return { runId, ownership: { runId, owner: "node-1", fence: run?.fence ?? 0 } };
  }
  const wait = (ownership: Ownership, atMs: number) =>
    store().transaction((tx) => waitForPeople(tx, ownership, atMs));
  const resume = (id: string, atMs: number) => store().transaction((tx) => resumeWaitingRun(tx, id, atMs));
  const claimAgain = (runId: string) =>
    store().transaction((tx) =>
      claimRuns(tx, [runId], { owner: "node-2", nowMs: 60_000, leaseUntilMs: 90_000 }),
    );

  test("belong to nobody, and go on once, with their waits added up", async () => {
    const { runId, ownership } = await begin();
    await wait(ownership, 2_000);
    expect(await readRun(store().reader, runId)).toMatchObject({
      state: "waiting_person",
      owner: null,
      waitedMs: 0,
    });
    expect(await claimAgain(runId)).toEqual([]);
    expect([await resume(runId, 5_000), await resume(runId, 6_000)]).toEqual([true, false]);
    const [again] = await claimAgain(runId);
    expect(again).toMatchObject({
      state: "running",
      owner: "node-2",
      fence: 2,
      startedAtMs: 1_000,
      waitedMs: 3_000,
    });
    await wait({ runId, owner: "node-2", fence: 2 }, 70_000);
    await resume(runId, 71_000);
    expect((await readRun(store().reader, runId))?.waitedMs).toBe(4_000);
  });

  test("are given back by their owner alone", async () => {
    const { runId, ownership } = await begin();
    await expect(wait({ ...ownership, fence: 7 }, 2_000)).rejects.toThrow(StaleFenceError);
    expect((await readRun(store().reader, runId))?.state).toBe("running");
  });

  test("are not cancelled, queued or ended like those that have not begun", async () => {
    const { runId, ownership } = await begin();
    await wait(ownership, 2_000);
    const asIfNew = await store().transaction(async (tx) => [
      await cancelQueuedRuns(tx, [runId], 3_000, "no"),
      await queueApprovedRun(tx, runId, 3_000),
      await endWaitingRun(tx, runId, { state: "rejected", message: "no", atMs: 3_000 }),
    ]);
    expect(asIfNew).toEqual([[], false, false]);
    const cancel = () => store().transaction((tx) => resumeToCancel(tx, runId, 4_000, "alert_ended"));
    expect([await cancel(), await cancel()]).toEqual([true, false]);
    expect(await readRun(store().reader, runId)).toMatchObject({
      state: "running",
      owner: null,
      cancelRequestedAtMs: 4_000,
      cancelBecause: "alert_ended",
      waitedMs: 2_000,
    });
  });

  test("count as under way for concurrency, and hold their locks", async () => {
    const { runId, ownership } = await begin();
    await store().transaction(async (tx) => {
      await askForLocks(tx, store().dialect, [{ name: "host:web-1", runId }]);
      await takeLocks(tx, runId, 1_000);
    });
    await wait(ownership, 2_000);
    const [asked = ""] = await addRuns(store(), newRun({ state: "waiting_person" }));
    await store().transaction((tx) =>
      askForLocks(tx, store().dialect, [{ name: "host:web-2", runId: asked }]),
    );
    const of = { kind: "runbook", name: newRun().runbook } as const;
    expect(await countLiveRuns(store().reader, of)).toEqual({ running: 1, queued: 0 });
    const holders = await readLockHolders(store().reader, ["host:web-1", "host:web-2"]);
    expect([...holders]).toEqual([["host:web-1", runId]]);
  });
});

describeStores("runs that are held back", ({ store }) => {
  const hold = (id: string, reason: Reason) => store().transaction((tx) => holdRun(tx, id, 9_000, reason));
  const heldUntil = async (id: string) => (await readRun(store().reader, id))?.heldUntilMs;

  test("are looked at again when what held them is over, and others are not", async () => {
    const [paused = "", off = "", busy = ""] = await addRuns(store(), newRun(), newRun(), newRun());
    await hold(paused, "paused");
    await hold(off, "automation_off");
    await hold(busy, "lock");
    await store().transaction((tx) => releaseHeldRuns(tx, ["paused"]));
    expect([await heldUntil(paused), await heldUntil(off), await heldUntil(busy)]).toEqual([
      null,
      9_000,
      9_000,
    ]);
    await store().transaction((tx) => releaseHeldRuns(tx, ["paused", "automation_off"]));
    expect([await heldUntil(off), await heldUntil(busy)]).toEqual([null, 9_000]);
  });
});
