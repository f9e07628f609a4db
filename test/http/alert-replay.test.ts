// A received alert, once more: to try a changed rule on what has really happened.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { alertsOf, decisionsOf, post, runsEnded, runsOf, startScenario } from "../engine/engine-fixture.ts";

const OBSERVE = "rules: [{name: rest, mode: observe, matchers: []}]\n";
const ACT = `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]\n`;
const RUNBOOK = `{name: act, target: local, steps: [{id: act, command: ["true"]}]}\n`;
const SLOW = { labels: { alertname: "Slow", instance: "web-1" } };
const OTHER = { labels: { alertname: "Slow", instance: "web-2" } };

async function received(rules: string) {
  const scenario = await startScenario({ "rules/rules.yml": rules, "runbooks/act.yml": RUNBOOK });
  await post(scenario, SLOW, OTHER);
  const [alert] = await alertsOf(scenario);
  const path = `${scenario.app.url}/api/v1/alerts/${alert?.id ?? ""}/replay`;
  const replay = (query = "") => fetch(`${path}${query}`, { method: "POST" });
  return { scenario, alert, replay };
}

test("an alert that still fires is judged under the rules of now", async () => {
  const { scenario, replay } = await received(OBSERVE);
  scenario.at.write({ "rules/rules.yml": ACT });
  expect(await scenario.app.reload()).toEqual([]);
  const answer = await replay();
  expect(answer.status).toBe(202);
  await runsEnded(scenario, 1);
  // The other alert of the delivery is left alone.
  expect(await runsOf(scenario)).toHaveLength(1);
  expect(await decisionsOf(scenario)).toEqual(["observed:rest", "started:act", "observed:rest"]);
});

test("an alert that is over opens anew, and its delivery's others do not", async () => {
  const { scenario, replay } = await received(ACT);
  await runsEnded(scenario, 2);
  await post(scenario, { ...SLOW, status: "resolved" }, { ...OTHER, status: "resolved" });
  expect((await replay()).status).toBe(202);
  await runsEnded(scenario, 3);
  const alerts = await alertsOf(scenario);
  expect(alerts.map(({ status, labels }) => `${labels["instance"] ?? ""} ${status}`)).toEqual([
    "web-1 resolved",
    "web-2 resolved",
    "web-1 firing",
  ]);
});

test("a dry run only says what would come of it", async () => {
  const { scenario, alert, replay } = await received(OBSERVE);
  scenario.at.write({ "rules/rules.yml": ACT });
  await scenario.app.reload();
  const answer = (await (await replay("?dry_run=true")).json()) as { decisions: { kind: string }[] };
  expect(answer.decisions).toMatchObject([{ kind: "started", rule: "act" }]);
  const argv = [join(PROGRAM_FOLDER, "src/main.ts"), "alert", "replay", alert?.id ?? "", "--dry-run"];
  const { stdout } = await promisify(execFile)(process.execPath, [...argv, "--server", scenario.app.url]);
  expect(stdout).toContain("would be: started, by rule act\n");
  expect(await runsOf(scenario)).toEqual([]);
  expect(await decisionsOf(scenario)).toEqual(["observed:rest", "observed:rest"]);
});

test("an alert that nobody knows is 404, a nonsense dry_run 400", async () => {
  const { scenario, replay } = await received(OBSERVE);
  const url = `${scenario.app.url}/api/v1/alerts/0190a3c4-0000-7000-8000-000000000000/replay`;
  expect((await fetch(url, { method: "POST" })).status).toBe(404);
  expect((await replay("?dry_run=maybe")).status).toBe(400);
});
