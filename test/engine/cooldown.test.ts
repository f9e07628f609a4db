// A cooldown delays a start and never forgets it, nor starts it for an alert that has gone.
import { expect, test } from "vitest";
import {
  alertsOf,
  decisionsOf,
  post,
  runEnded,
  runsEnded,
  runsOf,
  type Scenario,
  settled,
  startScenario,
} from "./engine-fixture.ts";
import { waitFor } from "../support/wait.ts";

const RULE = `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Slow"', 'service =~ ".+"']
    group_by: [service]
    runbook: act
    guards: {cooldown: 1500ms}
`;
const RUNBOOK = `
name: act
target: local
steps: [{id: act, command: ["true"]}]
`;
const COOLDOWN_MS = 1_500;
const START = { "rules/act.yml": RULE, "runbooks/act.yml": RUNBOOK };

function slow(instance: string) {
  return { labels: { alertname: "Slow", service: "web", instance }, startsAt: "2026-01-01T00:00:00Z" };
}

/** The first alert of the group has come and gone, with its run; the second one has come inside the cooldown. */
async function inCooldown(): Promise<Scenario> {
  const scenario = await startScenario(START);
  await post(scenario, slow("1"));
  await runEnded(scenario);
  await post(scenario, { ...slow("1"), status: "resolved" }, slow("2"));
  await waitFor("the delay", async () => (await decisionsOf(scenario)).includes("delayed:act:cooldown"));
  return scenario;
}

test("waits out the cooldown and starts while the alert still fires", async () => {
  const scenario = await inCooldown();
  const [first] = await runsOf(scenario);
  const delayed = (await alertsOf(scenario))[1]?.decisions.find(({ kind }) => kind === "delayed");
  const endedAtMs = Date.parse(String((first as unknown as { finished_at: string }).finished_at));
  expect(delayed?.detail["retry_at"]).toBe(new Date(endedAtMs + COOLDOWN_MS).toISOString());
  const [, second] = await runsEnded(scenario, 2);
  const createdAtMs = Date.parse(String((second as unknown as { created_at: string }).created_at));
  expect(createdAtMs).toBeGreaterThanOrEqual(endedAtMs + COOLDOWN_MS);
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(2);
});

test("starts nothing when the alert resolves inside the cooldown", async () => {
  const scenario = await inCooldown();
  await post(scenario, { ...slow("2"), status: "resolved" });
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(1);
});

test("delays a repeated start once, whatever is delivered meanwhile", async () => {
  const scenario = await inCooldown();
  await post(scenario, slow("2"));
  await post(scenario, slow("2"));
  expect((await decisionsOf(scenario)).filter((decision) => decision.startsWith("delayed"))).toHaveLength(1);
  await runsEnded(scenario, 2);
});
