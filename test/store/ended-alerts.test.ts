import { expect, test } from "vitest";
import type { Run, StoredOnResolve } from "../../src/runs/records.ts";
import {
  findEndedRuns,
  findFollowedRuns,
  readLiveRunsOf,
  readSiblings,
  requestCancelByEnd,
} from "../../src/store/ended-alerts.ts";
import { readCancelRequests, readRun, requestCancel, setRunOutcome } from "../../src/store/runs.ts";
import { addRuns, claimWaiting, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

const VERIFICATION = { resolvedWithinMs: 1, stableForMs: 2, check: null };
const FOLLOWED: StoredOnResolve = { kind: "run", runbook: "undo" };
const of = (episodeId: string, parts: Parameters<typeof newRun>[0] = {}) =>
  newRun({ trigger: { kind: "alert", rule: "slow", episodeId, principal: "rule:slow" }, ...parts });

describeStores("the runs of alerts that ended", ({ store, dialect }) => {
  test("are found while they are not over: their own, and those of groups that ended whole", async () => {
    const own = of("e1");
    const ofGroup = of("e1", { groupId: "g1" });
    const asked = of("e1", { state: "waiting_person" });
    const running = of("e1", { state: "running" });
    const others = [of("e1", { groupId: "g2" }), of("e1", { state: "succeeded" }), of("e2")];
    await addRuns(store(), own, ofGroup, asked, running, ...others);
    const find = async (groupRuns: string[]) =>
      (await store().transaction((tx) => readLiveRunsOf(tx, ["e1"], groupRuns))).map(({ id }) => id).sort();
    expect(await find([])).toEqual([own.id, asked.id, running.id].sort());
    expect(await find([ofGroup.id])).toEqual([own.id, ofGroup.id, asked.id, running.id].sort());
  });

  test("are found when their outcome is open, or their rule names a runbook for the time after", async () => {
    const judged = of("e1", { verification: VERIFICATION });
    const open = of("e1", { verification: VERIFICATION });
    const followed = of("e1", { onResolve: FOLLOWED });
    const both = of("e1", { verification: VERIFICATION, onResolve: FOLLOWED });
    const ofGroup = of("e1", { groupId: "g1", onResolve: FOLLOWED });
    const others = [of("e1", { onResolve: { kind: "cancel" } }), of("e2", { verification: VERIFICATION })];
    await addRuns(store(), judged, open, followed, both, ofGroup, ...others);
    await store().transaction((tx) => setRunOutcome(tx, judged.id, "fixed", ""));
    const ended = await store().transaction((tx) => findEndedRuns(tx, ["e1"]));
    expect(ended.toSorted((left, right) => (left.id < right.id ? -1 : 1))).toEqual([
      { id: open.id, isUnjudged: true, hasFollowUp: false },
      { id: followed.id, isUnjudged: false, hasFollowUp: true },
      { id: both.id, isUnjudged: true, hasFollowUp: true },
    ]);
    const ids = [open.id, ofGroup.id];
    expect(await store().transaction((tx) => findFollowedRuns(tx, ids))).toEqual([ofGroup.id]);
  });

  test("are asked to stop once, and a person's word counts more", async () => {
    await addRuns(store(), newRun(), newRun());
    const claim = { owner: "node-a", nowMs: 10_000, leaseUntilMs: 40_000, limit: 2 };
    const [first, second] = await store().transaction((tx) => claimWaiting(tx, dialect, claim));
    const byEnd = (run: Run | undefined, atMs: number) =>
      store().transaction((tx) => requestCancelByEnd(tx, run?.id ?? "", atMs));
    const byPerson = (run: Run | undefined) =>
      store().transaction((tx) => requestCancel(tx, run?.id ?? "", 3_000));
    expect([await byEnd(first, 1_000), await byEnd(first, 2_000)]).toEqual([true, false]);
    expect(await byPerson(second)).toBe(true);
    expect(await byEnd(second, 4_000)).toBe(false);
    const request = (run: Run | undefined, because: "alert_ended" | null) => ({ runId: run?.id, because });
    const requests = async () =>
      (await readCancelRequests(store().reader, "node-a")).toSorted((left, right) =>
        left.runId < right.runId ? -1 : 1,
      );
    expect(await requests()).toEqual([request(first, "alert_ended"), request(second, null)]);
    expect(await readRun(store().reader, first?.id ?? "")).toMatchObject({
      cancelRequestedAtMs: 1_000,
      cancelBecause: "alert_ended",
    });
    await byPerson(first);
    expect(await requests()).toEqual([request(first, null), request(second, null)]);
  });

  test("have siblings: the other runs of their rule for the same alert or group", async () => {
    const [first, second] = [of("e1"), of("e1", { rung: 1 })];
    const [grouped, later] = [of("e1", { groupId: "g1" }), of("e2", { groupId: "g1" })];
    const followUp = of("e1", { groupKey: null, rung: -1 });
    await addRuns(store(), first, second, grouped, later, followUp, of("e2"), of("e1", { groupKey: "[1]" }));
    const siblings = async (id: string) => {
      const run = await readRun(store().reader, id);
      return run === null ? [] : (await readSiblings(store().reader, run)).map((sibling) => sibling.id);
    };
    expect(await siblings(first.id)).toEqual([grouped.id, second.id, first.id]);
    expect(await siblings(later.id)).toEqual([later.id, grouped.id]);
  });
});
