// Waits that give the run back, and the run's own time limit.
import { expect, test } from "vitest";
import { notesOf, post, runEnded, startScenario, stepsOf } from "./engine-fixture.ts";

const RULES = `
rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]
`;

async function runThrough(runbook: string) {
  const scenario = await startScenario({
    "rules/act.yml": RULES,
    "runbooks/act.yml": `name: act\ntarget: local\ntimeout: 6s\n${runbook}`,
  });
  await post(scenario, { labels: { alertname: "Slow" }, startsAt: "2026-01-01T00:00:00Z" });
  return { run: await runEnded(scenario), notes: notesOf(scenario) };
}

test("a wait that goes on for longer than the run may take ends with the run's time", async () => {
  const { run, notes } = await runThrough(`
steps: [{id: long, wait: 1h}, {id: next, command: ["true"]}]
on_failure: [{id: rescue, run: 'echo rescue >> FOLDER/notes'}]
`);
  expect(run).toMatchObject({ status: "timed_out", message: "the run took longer than its timeout" });
  expect(stepsOf(run)).toEqual({ long: "cancelled", next: "skipped", rescue: "succeeded" });
  expect(notes).toEqual(["rescue"]);
});

test("a run that failed stays failed when its time is over in what follows", async () => {
  const { run, notes } = await runThrough(`
steps: [{id: broken, run: exit 1}]
on_failure:
  - {id: long, wait: 8s}
  - {id: rescue, run: 'echo "$STATUS" >> FOLDER/notes', env: {STATUS: "\${{ run.status }}"}}
`);
  expect(run).toMatchObject({ status: "failed", failed_step: "broken", message: "exited with 1" });
  expect(notes).toEqual(["failed"]);
});
