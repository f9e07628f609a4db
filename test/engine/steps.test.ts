// How the steps of a run follow each other: time limits, tries, what comes after a failure, and cancellation.
import { expect, test } from "vitest";
import { isOver, type RunJson } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  notesOf,
  openGate,
  post,
  runEnded,
  runsOf,
  type Scenario,
  settings,
  startScenario,
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

const RULES = `
rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]
`;
const ALERT = { labels: { alertname: "Slow" }, startsAt: "2026-01-01T00:00:00Z" };

async function begin(runbook: string, more: Record<string, string> = {}): Promise<Scenario> {
  const scenario = await startScenario({
    "rules/act.yml": RULES,
    "runbooks/act.yml": `name: act\ntarget: local\n${runbook}`,
    ...more,
  });
  await post(scenario, ALERT);
  return scenario;
}

async function runThrough(runbook: string): Promise<{ run: RunJson; notes: string[] }> {
  const scenario = await begin(runbook);
  return { run: await runEnded(scenario), notes: notesOf(scenario) };
}

function attemptsOf(run: RunJson, id: string): number | undefined {
  return run.steps.find((step) => step.id === id)?.attempts;
}

test("a failed step ends the steps; on_failure runs, then finally, whatever fails in them", async () => {
  const { run, notes } = await runThrough(`
steps:
  - {id: one, run: 'echo one >> FOLDER/notes'}
  - {id: two, run: 'echo two >> FOLDER/notes; exit 3'}
  - {id: three, run: 'echo three >> FOLDER/notes'}
on_failure:
  - {id: rescue, run: 'echo rescue >> FOLDER/notes; exit 1'}
  - {id: rescue_too, run: 'echo rescue_too >> FOLDER/notes'}
finally:
  - {id: tidy, run: 'echo tidy >> FOLDER/notes; exit 1'}
  - {id: tidy_too, run: 'echo "$STATUS" >> FOLDER/notes', env: {STATUS: "\${{ run.status }} at \${{ run.failed_step }}"}}
`);
  expect(notes).toEqual(["one", "two", "rescue", "rescue_too", "tidy", "failed at two"]);
  expect(run).toMatchObject({ status: "failed", failed_step: "two" });
  expect(stepsOf(run)).toMatchObject({
    two: "failed",
    three: "skipped",
    rescue: "failed",
    tidy: "failed",
    tidy_too: "succeeded",
  });
  expect(run.steps.find((step) => step.id === "two")?.exit_code).toBe(3);
});

test("without a failure on_failure is skipped and finally runs", async () => {
  const { run, notes } = await runThrough(`
steps: [{id: one, run: 'echo one >> FOLDER/notes'}]
on_failure: [{id: rescue, run: 'echo rescue >> FOLDER/notes'}]
finally: [{id: tidy, run: 'echo tidy >> FOLDER/notes'}]
`);
  expect(notes).toEqual(["one", "tidy"]);
  expect(stepsOf(run)).toEqual({ one: "succeeded", rescue: "skipped", tidy: "succeeded" });
});

test("continue_on_error goes on after a failure", async () => {
  const { run } = await runThrough(`
steps:
  - {id: one, run: 'exit 1', continue_on_error: true}
  - {id: two, if: 'steps.one.status == "failed"', command: ["true"]}
`);
  expect(run.status).toBe("succeeded");
  expect(stepsOf(run)).toEqual({ one: "failed", two: "succeeded" });
});

test("until says what is a success, and makes neither fail_if nor an output good that cannot be had", async () => {
  const { run, notes } = await runThrough(`
steps:
  - {id: fatal, effect: read, run: echo FATAL, until: exit_code == 0, fail_if: stdout.contains("FATAL"), continue_on_error: true}
  - {id: lacking, effect: read, run: echo no json, until: exit_code == 0, outputs: {id: json.id}, continue_on_error: true}
  - {id: three, effect: read, run: 'echo three; exit 3', until: exit_code == 3, outputs: {word: stdout.trim()}}
  - {id: say, env: {WORD: "\${{ steps.three.outputs.word }}"}, run: 'echo "$WORD" >> FOLDER/notes'}
`);
  expect(notes).toEqual(["three"]);
  expect(run.steps.map(({ status, message }) => [status, message])).toEqual([
    ["failed", 'fail_if: stdout.contains("FATAL")'],
    ["failed", "outputs.id: json is missing"],
    ["succeeded", null],
    ["succeeded", null],
  ]);
});

test("outputs are read by later steps and the summary", async () => {
  const { run, notes } = await runThrough(`
steps:
  - {id: one, effect: read, run: 'echo 4 5', outputs: {load: 'double(stdout.trim().split(" ")[0])', text: 'stdout.trim()'}}
  - {id: two, if: 'steps.one.outputs.load > 3.0', run: 'echo "$TEXT" >> FOLDER/notes', env: {TEXT: "\${{ steps.one.outputs.text }}"}}
summary: 'load \${{ steps.one.outputs.?load.orValue(0.0) }}'
`);
  expect(notes).toEqual(["4 5"]);
  expect(run.summary).toContain("load 4");
});

test("a step over its timeout is timed_out and fails the run", async () => {
  const { run, notes } = await runThrough(`
steps: [{id: slow, run: 'sleep 30', timeout: 200ms}]
on_failure: [{id: rescue, run: 'echo rescue >> FOLDER/notes'}]
`);
  expect(run).toMatchObject({ status: "failed", failed_step: "slow" });
  expect(stepsOf(run)).toEqual({ slow: "timed_out", rescue: "succeeded" });
  expect(notes).toEqual(["rescue"]);
});

test("a run over its timeout is timed_out; its current step is ended; on_failure and finally have their own time", async () => {
  const { run, notes } = await runThrough(`
timeout: 300ms
steps:
  - {id: slow, run: 'sleep 30'}
  - {id: next, command: ["true"]}
on_failure: [{id: rescue, run: 'sleep 0.4; echo rescue >> FOLDER/notes'}]
finally: [{id: tidy, run: 'echo tidy >> FOLDER/notes'}]
`);
  expect(run.status).toBe("timed_out");
  expect(stepsOf(run)).toEqual({
    slow: "cancelled",
    next: "skipped",
    rescue: "succeeded",
    tidy: "succeeded",
  });
  expect(notes).toEqual(["rescue", "tidy"]);
});

test("a run's timeout does not reach into on_failure and finally of a run that failed before it", async () => {
  const { run, notes } = await runThrough(`
timeout: 2s
steps: [{id: bad, run: 'exit 1'}]
on_failure: [{id: rescue, run: 'sleep 2.5; echo rescue >> FOLDER/notes'}]
finally: [{id: tidy, run: 'echo tidy >> FOLDER/notes'}]
`);
  expect(run).toMatchObject({ status: "failed", failed_step: "bad" });
  expect(notes).toEqual(["rescue", "tidy"]);
});

test("a read step is tried again until it succeeds, after its delay", async () => {
  const { run, notes } = await runThrough(`
steps: [{id: probe, effect: read, retries: 5, delay: 50ms, run: 'echo try >> FOLDER/notes; test $(wc -l < FOLDER/notes) -ge 3'}]
`);
  expect(run.status).toBe("succeeded");
  expect(notes).toHaveLength(3);
  expect(attemptsOf(run, "probe")).toBe(3);
});

test("until judges every try, also one that failed", async () => {
  const { run } = await runThrough(`
steps:
  - {id: count, effect: read, retries: 5, delay: 20ms, run: 'echo try >> FOLDER/notes; wc -l < FOLDER/notes', until: 'int(stdout.trim()) >= 3'}
  - {id: never, effect: read, retries: 1, delay: 20ms, run: 'echo no', until: 'stdout.trim() == "yes"'}
`);
  expect(run).toMatchObject({ status: "failed", failed_step: "never" });
  expect(attemptsOf(run, "count")).toBe(3);
  expect(attemptsOf(run, "never")).toBe(2);
});

test("a change step that failed is not tried again, unless it says so", async () => {
  const { run, notes } = await runThrough(`
steps:
  - {id: once, retries: 3, delay: 10ms, run: 'echo once >> FOLDER/notes; exit 1', continue_on_error: true}
  - {id: thrice, retries: 2, delay: 10ms, retry_on: [failed], run: 'echo thrice >> FOLDER/notes; exit 1', continue_on_error: true}
`);
  expect(notes).toEqual(["once", "thrice", "thrice", "thrice"]);
  expect(attemptsOf(run, "once")).toBe(1);
});

async function cancel({ app }: Scenario): Promise<number> {
  const [run] = ((await (await fetch(`${app.url}/api/v1/runs`)).json()) as { items: { id: string }[] }).items;
  return (await fetch(`${app.url}/api/v1/runs/${run?.id}/cancel`, { method: "POST" })).status;
}

test("cancels a run that is queued: nothing of it runs, and its bundle is sealed", async () => {
  const scenario = await begin(`steps: [{id: one, run: 'echo one >> FOLDER/notes'}]`, {
    "nightshift.yml": settings("limits: {max_runs: 0}"),
  });
  expect(await cancel(scenario)).toBe(202);
  expect(await runEnded(scenario)).toMatchObject({ status: "cancelled" });
  await waitFor("the bundle", async () => (await runsOf(scenario))[0]?.bundle);
  expect(await cancel(scenario)).toBe(409);
  expect(notesOf(scenario)).toEqual([]);
});

test("cancels a run that is running: its step is ended, finally runs to its end", async () => {
  const scenario = await begin(`
steps:
  - {id: slow, run: 'echo slow >> FOLDER/notes; sleep 30'}
  - {id: next, command: ["true"]}
on_failure: [{id: rescue, command: ["true"]}]
finally:
  - {id: tidy, run: 'echo tidy >> FOLDER/notes; sleep 7; echo tidied >> FOLDER/notes'}
`);
  await waitFor("the step", () => notesOf(scenario).includes("slow"));
  const askedAtMs = performance.now();
  expect(await cancel(scenario)).toBe(202);
  await waitFor("finally", () => notesOf(scenario).includes("tidy"), 4_000);
  expect(performance.now() - askedAtMs).toBeLessThan(4_000);
  const run = await runEnded(scenario, 15_000);
  expect(run.status).toBe("cancelled");
  expect(stepsOf(run)).toEqual({ slow: "cancelled", next: "skipped", rescue: "skipped", tidy: "succeeded" });
  expect(notesOf(scenario)).toEqual(["slow", "tidy", "tidied"]);
});

test("cancels a run that waits for its time at once, and leaves no step open", async () => {
  const scenario = await begin(`
steps: [{id: pause, wait: 1h}, {id: next, command: ["true"]}]
finally: [{id: tidy, run: 'echo tidy >> FOLDER/notes'}]
`);
  await waitFor("that it is parked", async () => {
    const run = await scenario.app.store.reader
      .selectFrom("run")
      .select(["owner", "state"])
      .executeTakeFirst();
    return run?.state === "running" && run.owner === null;
  });
  expect(await cancel(scenario)).toBe(202);
  const run = await waitFor("the end", async () => (await runsOf(scenario)).find(isOver), 4_000);
  expect(run.status).toBe("cancelled");
  expect(stepsOf(await runEnded(scenario))).toEqual({
    pause: "cancelled",
    next: "skipped",
    tidy: "succeeded",
  });
});

test("cancels between two steps, not only in the middle of one", async () => {
  const scenario = await begin(`
steps:
  - {id: one, effect: read, run: 'echo one >> FOLDER/notes; ${waitAt("gate")}', retries: 1, delay: 4s, until: 'stdout != ""'}
  - {id: two, command: ["true"]}
`);
  await waitFor("the first try", () => notesOf(scenario).includes("one"));
  openGate(scenario, "gate");
  await waitFor("the delay before the second", async () => {
    const step = await scenario.app.store.reader
      .selectFrom("step")
      .select("wait_until")
      .where("id", "=", "one")
      .executeTakeFirst();
    return step !== undefined && step.wait_until !== null;
  });
  expect(await cancel(scenario)).toBe(202);
  const run = await runEnded(scenario, 3_000);
  expect(run.status).toBe("cancelled");
  expect(stepsOf(run)).toEqual({ one: "cancelled", two: "skipped" });
});
