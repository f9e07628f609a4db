import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/runbooks/plan.ts";
import { newId } from "../../src/platform/ids.ts";
import type { Run } from "../../src/runs/records.ts";
import { isFinal, RUN_STATES, RUN_TRANSITIONS, type RunEnd, type RunState } from "../../src/runs/states.ts";
import { adoptRuns, endRun, type Ownership, StaleFenceError } from "../../src/store/run-ownership.ts";
import { putRunbookText, readRunbookText } from "../../src/store/new-runs.ts";
import {
  cancelQueuedRuns,
  listRuns,
  readCancelRequests,
  readCooldownFacts,
  readQueueFacts,
  readRun,
  requestCancel,
  setRunOutcome,
} from "../../src/store/runs.ts";
import { addRuns, claimWaiting, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

const RUN_ENDS: readonly RunEnd[] = ["succeeded", "failed", "cancelled", "timed_out", "interrupted"];
const EVERYTHING = { state: null, runbook: null, episodeId: null };
const ownershipOf = ({ id, owner, fence }: Run): Ownership => ({ runId: id, owner: owner ?? "", fence });

describeStores("runs", ({ store, dialect }) => {
  const claim = (owner: string, { limit }: { limit: number }) =>
    store().transaction((tx) =>
      claimWaiting(tx, dialect, { owner, nowMs: 10_000, leaseUntilMs: 40_000, limit }),
    );
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
  const end = (ownership: Ownership, state: RunEnd = "succeeded") =>
    store().transaction((tx) =>
      endRun(tx, ownership, { state, failedStep: null, message: null, summary: null, atMs: 20_000 }),
    );
  const read = async (id: string) => {
    const run = await readRun(store().reader, id);
    if (run === null) throw new Error("there is no such run");
    return run;
  };

  test("gives back a run as it was made", async () => {
    const inputs = JSON.parse(
      '{"__proto__": "x", "name": "a\\u0000b \\ud800", "count": 3}',
    ) as Plan["inputs"];
    const run = newRun({
      plan: { ...newRun().plan, inputs },
      trigger: { kind: "person", rule: null, episodeId: newId(), principal: "user:dana" },
      groupId: newId(),
      verification: {
        resolvedWithinMs: 1,
        stableForMs: 2,
        check: { query: "up", expect: "value > 1", worse: null },
      },
    });
    await addRuns(store(), run);
    const { groupKey: _, ...expected } = run;
    const stored = await read(run.id);
    expect(stored).toMatchObject({
      ...expected,
      plan: { ...run.plan, inputs: expect.anything() as unknown },
    });
    expect(JSON.stringify(stored.plan)).toBe(JSON.stringify(run.plan));
    expect(stored).toMatchObject({
      outcome: null,
      owner: null,
      fence: 0,
      startedAtMs: null,
      finishedAtMs: null,
    });
    expect(await readRun(store().reader, newId())).toBe(null);
  });

  test("stores a runbook's text once", async () => {
    const runbook = {
      digest: "sha256:1",
      name: "restart",
      file: "runbooks/restart.yml",
      text: "name: restart\n# ü\n",
    };
    await store().transaction((tx) => putRunbookText(tx, runbook));
    await store().transaction((tx) => putRunbookText(tx, { ...runbook, text: "other" }));
    expect(await readRunbookText(store().reader, "sha256:1")).toEqual({
      text: runbook.text,
      file: runbook.file,
    });
    expect(await readRunbookText(store().reader, "sha256:2")).toBe(null);
  });

  describe("ends", () => {
    test.each(RUN_ENDS)("%s ends a running run once", async (state) => {
      const run = await claimOne();
      await end(ownershipOf(run), state);
      const ended = await read(run.id);
      expect(ended).toMatchObject({ state, finishedAtMs: 20_000, owner: null });
      await expect(end(ownershipOf(run), "failed")).rejects.toThrow(StaleFenceError);
      expect(await read(run.id)).toEqual(ended);
      expect(await adopt(run.owner ?? "", 99_000, true)).toEqual([]);
    });

    test("no state is left but by the table of transitions", async () => {
      const left: string[] = [];
      for (const state of RUN_STATES) {
        for (const next of RUN_ENDS) {
          const [id] = await addRuns(store(), newRun({ state }));
          await store().transaction((tx) =>
            tx
              .updateTable("run")
              .set({ owner: "node-a", fence: 1 })
              .where("id", "=", id ?? "")
              .execute(),
          );
          const result = await end({ runId: id ?? "", owner: "node-a", fence: 1 }, next).then(
            () => true,
            () => false,
          );
          if (result) left.push(`${state} ${next}`);
        }
      }
      const legal = RUN_STATES.flatMap((state) =>
        RUN_ENDS.filter((next) => RUN_TRANSITIONS[state].includes(next)).map((next) => `${state} ${next}`),
      );
      expect(left).toEqual(legal);
    });

    test("cancels what is queued or waits for a person, and says which those were", async () => {
      const runs = RUN_STATES.map((state) => newRun({ state }));
      const ids = await addRuns(store(), ...runs);
      const cancelled = await store().transaction((tx) =>
        cancelQueuedRuns(tx, ids, 5_000, "the alert ended"),
      );
      const pending = (["queued", "waiting_person"] as const).map((state) => ids[RUN_STATES.indexOf(state)]);
      expect(cancelled).toEqual(pending);
      expect(await read(cancelled[0] ?? "")).toMatchObject({
        state: "cancelled",
        message: "the alert ended",
        startedAtMs: null,
      });
      expect(await store().transaction((tx) => cancelQueuedRuns(tx, [], 5_000, ""))).toEqual([]);
    });

    test("asks the node that executes a run to stop it", async () => {
      const run = await claimOne("node-a");
      await claimOne("node-a");
      const ask = () => store().transaction((tx) => requestCancel(tx, run.id, 5_000));
      expect(await ask()).toBe(true);
      expect(await readCancelRequests(store().reader, "node-a")).toEqual([{ runId: run.id, because: null }]);
      expect(await readCancelRequests(store().reader, "node-b")).toEqual([]);
      await end(ownershipOf(run), "cancelled");
      expect(await ask()).toBe(false);
      expect(await readCancelRequests(store().reader, "node-a")).toEqual([]);
    });

    test("an outcome is set once", async () => {
      const [id] = await addRuns(store(), newRun());
      const set = (outcome: "fixed" | "worse") =>
        store().transaction((tx) => setRunOutcome(tx, id ?? "", outcome, outcome));
      expect([await set("fixed"), await set("worse")]).toEqual([true, false]);
      expect(await read(id ?? "")).toMatchObject({ outcome: "fixed", outcomeBecause: "fixed" });
    });
  });

  describe("questions", () => {
    const of = (episodeId: string, parts: Parameters<typeof newRun>[0] = {}) =>
      newRun({ trigger: { kind: "alert", rule: "slow", episodeId, principal: "rule:slow" }, ...parts });

    test("counts what waits, and since when", async () => {
      expect(await readQueueFacts(store().reader)).toEqual({ queued: 0, oldestCreatedAtMs: null });
      await addRuns(
        store(),
        newRun({ state: "running", createdAtMs: 1 }),
        newRun({ createdAtMs: 2_000 }),
        newRun({ createdAtMs: 3_000 }),
      );
      expect(await readQueueFacts(store().reader)).toEqual({ queued: 2, oldestCreatedAtMs: 2_000 });
    });

    test("knows the cooldown of a rule and group, of values of any size", async () => {
      const key = `["${randomBytes(20_000).toString("base64")}"]`;
      const facts = (groupKey: string) =>
        store().transaction((tx) => readCooldownFacts(tx, "slow", groupKey));
      expect(await facts(key)).toBe(null);
      await addRuns(
        store(),
        newRun({ groupKey: key }),
        newRun({ groupKey: `${key} ` }),
        newRun({ groupKey: null }),
      );
      expect(await facts(key)).toEqual({ finishedAtMs: null });
      const [first] = await claim("node-a", { limit: 1 });
      if (first !== undefined) await end(ownershipOf(first));
      expect(await facts(key)).toEqual({ finishedAtMs: 20_000 });
    });

    test("a run that was cancelled before it began holds no cooldown", async () => {
      const ids = await addRuns(store(), newRun());
      await store().transaction((tx) => cancelQueuedRuns(tx, ids, 5_000, ""));
      expect(await store().transaction((tx) => readCooldownFacts(tx, "slow", "[]"))).toBe(null);
    });

    test("lists newest first, by page and filter", async () => {
      const runs = [newRun(), of("e1", { runbook: "other" }), newRun({ state: "failed" })];
      const ids = await addRuns(store(), ...runs);
      const list = async (
        filter: Partial<{ state: RunState; runbook: string; episodeId: string }>,
        limit = 10,
        before: string | null = null,
      ) =>
        (await listRuns(store().reader, { ...EVERYTHING, ...filter }, limit, before)).map(({ id }) =>
          ids.indexOf(id),
        );
      expect(await list({})).toEqual([2, 1, 0]);
      expect(await list({}, 1)).toEqual([2]);
      expect(await list({}, 10, ids[2] ?? null)).toEqual([1, 0]);
      expect(await list({ state: "failed" })).toEqual([2]);
      expect(await list({ runbook: "other" })).toEqual([1]);
      expect(await list({ episodeId: "e1" })).toEqual([1]);
    });
  });

  test("every final state is final for the store too", async () => {
    const ids = await addRuns(store(), ...RUN_STATES.filter(isFinal).map((state) => newRun({ state })));
    for (const id of ids) expect(await store().transaction((tx) => requestCancel(tx, id, 1))).toBe(false);
  });
});
