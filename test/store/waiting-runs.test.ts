import { expect, test } from "vitest";
import type { Reason } from "../../src/runs/reasons.ts";
import { holdRun } from "../../src/store/run-holds.ts";
import { readRun } from "../../src/store/runs.ts";
import { endWaitingRun, queueApprovedRun, releaseHeldRuns } from "../../src/store/waiting-runs.ts";
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
