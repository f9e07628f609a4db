import { expect, test } from "vitest";
import type { RunState } from "../../src/runs/states.ts";
import { readFailures } from "../../src/store/failures.ts";
import { addRuns, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

interface End {
  readonly started_at?: number;
  readonly finished_at?: number;
  readonly outcome?: string;
}

describeStores("failures of a rule", ({ store }) => {
  /** A run as it ended. */
  async function ended(state: RunState, row: End, parts: Parameters<typeof newRun>[0] = {}) {
    const run = newRun({ state, ...parts });
    await addRuns(store(), run);
    await store().transaction((tx) => tx.updateTable("run").set(row).where("id", "=", run.id).execute());
  }
  const trigger = { kind: "alert", rule: "other", episodeId: null, principal: "rule:other" } as const;

  test("are its runs that failed, were cut off, or did not help; each once", async () => {
    await ended("failed", { started_at: 1, finished_at: 10, outcome: "no_effect" });
    await ended("interrupted", { started_at: 1, finished_at: 20 });
    await ended("timed_out", { started_at: 1, finished_at: 30 });
    await ended("succeeded", { started_at: 1, finished_at: 40, outcome: "no_effect" });
    await ended("succeeded", { started_at: 1, finished_at: 50, outcome: "worse" });
    expect((await readFailures(store().reader, "slow")).toSorted((left, right) => left - right)).toEqual([
      10, 20, 30, 40, 50,
    ]);
  });

  test("are not what helped, what nobody wanted or approved, what goes on, and what others did", async () => {
    await ended("succeeded", { started_at: 1, finished_at: 1, outcome: "fixed" });
    await ended("succeeded", { started_at: 1, finished_at: 1, outcome: "unknown" });
    await ended("succeeded", { started_at: 1, finished_at: 1 });
    await ended("cancelled", { started_at: 1, finished_at: 1 });
    await ended("rejected", { finished_at: 1 });
    await ended("timed_out", { finished_at: 1 });
    await ended("running", { started_at: 1 });
    await ended("failed", { started_at: 1, finished_at: 1 }, { trigger });
    await ended("failed", { started_at: 1, finished_at: 1 }, { groupKey: null });
    expect(await readFailures(store().reader, "slow")).toEqual([]);
  });
});
