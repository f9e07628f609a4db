// What deliveries come to: repeats and races, a whole life in one body, a full queue, a reload that is refused.
import { expect, test } from "vitest";
import {
  alertsOf,
  decisionsOf,
  post,
  runEnded,
  runsEnded,
  runsOf,
  settings,
  settled,
  startScenario,
} from "./engine-fixture.ts";

const RULES = `
rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]
`;
const ACT = `{name: act, target: local, steps: [{id: act, command: ["true"]}]}\n`;
const START = { "rules/act.yml": RULES, "runbooks/act.yml": ACT };

function slow(instance: string) {
  return { labels: { alertname: "Slow", instance }, startsAt: "2026-01-01T00:00:00Z" };
}

test("two deliveries of one alert at the same time are one episode and one run", async () => {
  const scenario = await startScenario(START);
  await Promise.all([post(scenario, slow("1")), post(scenario, slow("1"))]);
  await runEnded(scenario);
  expect(await alertsOf(scenario)).toHaveLength(1);
  expect(await decisionsOf(scenario)).toEqual(["started:act"]);
});

test("the same alert twice in one delivery is one run", async () => {
  const scenario = await startScenario(START);
  await post(scenario, slow("1"), slow("1"));
  await runEnded(scenario);
  expect(await decisionsOf(scenario)).toEqual(["started:act"]);
});

test("a delivery that resolves one alert and fires another does both", async () => {
  const scenario = await startScenario(START);
  await post(scenario, slow("1"));
  await runEnded(scenario);
  await post(scenario, { ...slow("1"), status: "resolved" }, slow("2"));
  await runsEnded(scenario, 2);
  expect((await alertsOf(scenario)).map((alert) => `${alert.labels["instance"]} ${alert.status}`)).toEqual([
    "1 resolved",
    "2 firing",
  ]);
});

test("an alert that fires and resolves in one delivery starts nothing", async () => {
  const scenario = await startScenario(START);
  await post(scenario, slow("1"), { ...slow("1"), status: "resolved" });
  await settled(scenario);
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["cancelled"]);
  expect((await runEnded(scenario)).steps).toEqual([]);
});

test("an alert that resolves and fires again in one delivery is a new episode with a run of its own", async () => {
  const scenario = await startScenario(START);
  await post(scenario, slow("1"));
  await runEnded(scenario);
  const endsAt = "2026-01-01T00:10:00Z";
  await post(
    scenario,
    { ...slow("1"), status: "resolved", endsAt },
    { ...slow("1"), startsAt: "2026-01-01T00:20:00Z" },
  );
  await runsEnded(scenario, 2);
  expect((await alertsOf(scenario)).map((alert) => alert.status)).toEqual(["resolved", "firing"]);
});

test("a resolve without a firing, and a firing that comes after its resolve, start nothing", async () => {
  const scenario = await startScenario(START);
  await post(scenario, { ...slow("1"), status: "resolved", endsAt: "2026-01-01T00:10:00Z" });
  await post(scenario, slow("2"));
  await post(scenario, { ...slow("2"), status: "resolved", endsAt: "2026-01-01T00:10:00Z" });
  await runsEnded(scenario, 1);
  await post(scenario, slow("2"));
  expect(await runsOf(scenario)).toHaveLength(1);
  expect(await alertsOf(scenario)).toHaveLength(1);
});

test("a full queue delays a start and is no 503", async () => {
  const scenario = await startScenario({
    ...START,
    "nightshift.yml": settings("limits: {max_runs: 0, queue: 2}"),
  });
  await post(scenario, slow("1"), slow("2"), slow("3"));
  await post(scenario, slow("4"));
  expect((await decisionsOf(scenario)).toSorted()).toEqual([
    "delayed:act:queue_full",
    "delayed:act:queue_full",
    "started:act",
    "started:act",
  ]);
  const timers = await scenario.app.store.reader
    .selectFrom("timer")
    .select("kind")
    .where("kind", "=", "judge")
    .execute();
  expect(timers).toHaveLength(2);
});

test("a reload with a wrong file keeps the last good rules, and says what is wrong", async () => {
  const scenario = await startScenario(START);
  scenario.at.write({ "rules/act.yml": RULES.replace("mode: auto", "mode: sometimes") });
  const refused = await fetch(`${scenario.app.url}/-/reload`, { method: "POST" });
  expect(refused.status).toBe(422);
  expect(await refused.text()).toContain("act.yml:2");
  await post(scenario, slow("1"));
  await runEnded(scenario);
  scenario.at.write({ "rules/act.yml": RULES.replace("mode: auto", "mode: observe") });
  expect((await fetch(`${scenario.app.url}/-/reload`, { method: "POST" })).status).toBe(200);
  await post(scenario, slow("2"));
  expect(await decisionsOf(scenario)).toEqual(["started:act", "observed:act"]);
});
