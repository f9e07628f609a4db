import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import type { StepFacts } from "../../src/runs/records.ts";
import { STEP_STATES, STEP_TRANSITIONS, type StepEnd } from "../../src/runs/states.ts";
import {
  beginAttempt,
  endAttempt,
  endStep,
  insertSteps,
  readAttempts,
  readSteps,
  setStepWait,
  endOpenSteps,
} from "../../src/store/steps.ts";
import { describeStores } from "./stores.ts";

const ENDS: readonly StepEnd[] = ["succeeded", "failed", "skipped", "cancelled", "timed_out", "interrupted"];
const FACTS: StepFacts = {
  stdout: "a\0b \ud800",
  json: { list: [1, null] },
  value: 1.5,
  response: null,
  outputs: JSON.parse('{"__proto__": "x", "words": "ok"}') as Record<string, unknown>,
};

describeStores("steps and attempts", ({ store, dialect }) => {
  const planned = (runId: string, id: string, position: number) => ({
    runId,
    id,
    section: "steps" as const,
    position,
    verb: "command" as const,
    effect: "read" as const,
  });
  async function runWith(...ids: readonly string[]): Promise<string> {
    const runId = newId();
    await store().transaction((tx) =>
      insertSteps(
        tx,
        dialect,
        ids.map((id, index) => planned(runId, id, index)),
      ),
    );
    return runId;
  }
  const begin = (runId: string, stepId: string, number: number, atMs = 1_000) =>
    store().transaction((tx) =>
      beginAttempt(tx, { runId, stepId, number }, { fence: 1, host: "web-1", atMs }),
    );
  const result = (status: StepEnd, atMs = 2_000) => ({ status, exitCode: 3, message: null, atMs });
  const finish = (runId: string, stepId: string, status: StepEnd, facts: StepFacts | null = null) =>
    store().transaction((tx) => endStep(tx, runId, stepId, { ...result(status), facts }));
  const states = async (runId: string) =>
    (await readSteps(store().reader, runId)).map(({ id, state }) => `${id}:${state}`);

  test("lists the steps of a run in the runbook's order", async () => {
    const runId = await runWith("z", "a", "m");
    await runWith("elsewhere");
    expect(await states(runId)).toEqual(["z:pending", "a:pending", "m:pending"]);
  });

  test("planning them again changes nothing", async () => {
    const runId = await runWith("look", "change");
    await begin(runId, "look", 1);
    await store().transaction((tx) =>
      insertSteps(tx, dialect, [planned(runId, "look", 0), planned(runId, "new", 2)]),
    );
    expect(await states(runId)).toEqual(["look:running", "change:pending", "new:pending"]);
  });

  test("an intent makes the step run, an outcome ends the attempt, once", async () => {
    const runId = await runWith("look");
    await begin(runId, "look", 1);
    const key = { runId, stepId: "look", number: 1 };
    const [before] = await readAttempts(store().reader, runId);
    expect(before).toMatchObject({ number: 1, intentAtMs: 1_000, finishedAtMs: null, status: null });
    await store().transaction((tx) => endAttempt(tx, key, result("failed")));
    await store().transaction((tx) => endAttempt(tx, key, result("succeeded", 9_000)));
    const [after] = await readAttempts(store().reader, runId);
    expect(after).toMatchObject({ finishedAtMs: 2_000, status: "failed", exitCode: 3 });
    expect(await readSteps(store().reader, runId)).toMatchObject([
      { state: "running", attempts: 1, host: "web-1", startedAtMs: 1_000, finishedAtMs: null },
    ]);
  });

  test("a second attempt keeps the step's start and ends its wait", async () => {
    const runId = await runWith("look");
    await begin(runId, "look", 1, 1_000);
    await store().transaction((tx) => setStepWait(tx, runId, "look", 5_000, 1_500));
    expect(await readSteps(store().reader, runId)).toMatchObject([{ waitUntilMs: 5_000 }]);
    await begin(runId, "look", 2, 5_000);
    expect(await readSteps(store().reader, runId)).toMatchObject([
      { attempts: 2, startedAtMs: 1_000, waitUntilMs: null },
    ]);
    expect((await readAttempts(store().reader, runId)).map(({ number }) => number)).toEqual([1, 2]);
  });

  test("the same attempt is never begun twice", async () => {
    const runId = await runWith("look");
    await begin(runId, "look", 1);
    await expect(begin(runId, "look", 1)).rejects.toThrow(/unique/i);
  });

  test("gives back what later expressions read of a step", async () => {
    const runId = await runWith("look");
    await begin(runId, "look", 1);
    await finish(runId, "look", "succeeded", FACTS);
    const [step] = await readSteps(store().reader, runId);
    expect(JSON.stringify(step?.facts)).toBe(JSON.stringify(FACTS));
    expect(step).toMatchObject({ state: "succeeded", exitCode: 3, finishedAtMs: 2_000, waitUntilMs: null });
  });

  test("takes messages with what programs print", async () => {
    const runId = await runWith("look");
    const message = "exit 1: a\0b \ud800 \u001b[31m";
    await begin(runId, "look", 1);
    await store().transaction((tx) =>
      endAttempt(tx, { runId, stepId: "look", number: 1 }, { ...result("failed"), message }),
    );
    await store().transaction((tx) =>
      endStep(tx, runId, "look", { ...result("failed"), message, facts: null }),
    );
    const [step] = await readSteps(store().reader, runId);
    expect(step?.message?.replace("\0", "\ufffd")).toBe("exit 1: a\ufffdb \ufffd \u001b[31m");
  });

  test("a step that was skipped never started", async () => {
    const runId = await runWith("look");
    await finish(runId, "look", "skipped");
    expect(await readSteps(store().reader, runId)).toMatchObject([
      { startedAtMs: null, finishedAtMs: 2_000 },
    ]);
  });

  test("what was never reached is skipped, what was under way cancelled, and what is over stays", async () => {
    const runId = await runWith("done", "open", "never");
    await begin(runId, "done", 1);
    await finish(runId, "done", "succeeded");
    await begin(runId, "open", 1);
    await store().transaction((tx) => endOpenSteps(tx, runId, 7_000));
    expect(await states(runId)).toEqual(["done:succeeded", "open:cancelled", "never:skipped"]);
  });

  test("a state that is final stays whatever is written", async () => {
    const finals = STEP_STATES.filter((state) => STEP_TRANSITIONS[state].length === 0);
    for (const final of finals) {
      const runId = await runWith("look");
      await finish(runId, "look", final as StepEnd);
      for (const next of ENDS) await finish(runId, "look", next, FACTS);
      await store().transaction((tx) => setStepWait(tx, runId, "look", 5_000, 1_500));
      await begin(runId, "look", 1);
      await store().transaction((tx) => endOpenSteps(tx, runId, 7_000));
      expect(await readSteps(store().reader, runId)).toMatchObject([
        { state: final, facts: null, waitUntilMs: null },
      ]);
    }
  });
});
