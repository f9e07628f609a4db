// Rules that wait: for an alert to fire long enough, for enough alerts, for the rest of a group, for a person, or for good.
import { expect, onTestFinished, test } from "vitest";
import { startAlertSource } from "../support/alert-source.ts";
import { startService } from "../support/service.ts";
import {
  alertsOf,
  decisionsOf,
  notesOf,
  post,
  runsEnded,
  runsOf,
  settings,
  startScenario,
} from "./engine-fixture.ts";

const rule = (more: string) => `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Slow"', 'service =~ ".+"', 'instance =~ ".+"']
    group_by: [service]
    runbook: act
${more}
`;
const RUNBOOK = `
name: act
target: local
inputs: {who: {type: string, required: false, default: nobody}}
steps: [{id: act, env: {WHO: "\${{ inputs.who }}"}, run: 'echo "$WHO" >> FOLDER/notes'}]
`;

function slow(instance: string, status: "firing" | "resolved" = "firing", service = "web") {
  return {
    labels: { alertname: "Slow", service, instance },
    startsAt: new Date(Date.now() - 1000).toISOString(),
    status,
  };
}

const files = (more: string) => ({ "rules/act.yml": rule(more), "runbooks/act.yml": RUNBOOK });

test("after: an alert that fires long enough starts something, one that ends before does not", async () => {
  const scenario = await startScenario(files("    after: 700ms"));
  await post(scenario, slow("1"), slow("2", "firing", "api"));
  expect(await decisionsOf(scenario)).toEqual(["delayed:act:after", "delayed:act:after"]);
  await post(scenario, slow("2", "resolved", "api"));
  const [run] = await runsEnded(scenario, 1);
  const alerts = await alertsOf(scenario);
  expect(run?.trigger.alert).toBe(alerts[0]?.id);
  expect(await runsOf(scenario)).toHaveLength(1);
});

test("after: the wait survives a restart", async () => {
  const api = await startAlertSource();
  onTestFinished(() => api.close());
  const source = `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${api.url}"]}}]`;
  const scenario = await startScenario({ ...files("    after: 1s"), "nightshift.yml": settings(source) });
  const alert = slow("1");
  // Should the start take longer than that, the source is asked.
  api.say(alert, "firing");
  await post(scenario, alert);
  await scenario.app.stop();
  scenario.app = await startService(scenario.at);
  await runsEnded(scenario, 1);
  expect(await decisionsOf(scenario)).toEqual(["delayed:act:after", "started:act"]);
});

test("when_count: nothing before the third alert of the group, of whatever others there are", async () => {
  const scenario = await startScenario(files("    when_count: {min: 3, within: 10m}"));
  await post(scenario, slow("1"), slow("2"), slow("9", "firing", "api"));
  // A repeat is no second alert.
  await post(scenario, slow("1"));
  expect(await decisionsOf(scenario)).toEqual(["no_match", "no_match", "no_match"]);
  await post(scenario, slow("3"));
  await runsEnded(scenario, 1);
  expect((await decisionsOf(scenario)).at(-1)).toBe("started:act");
});

test("batch: members are collected, and one run starts for all of them", async () => {
  const more = `    batch: {wait: 600ms, max: 50}
    with: {who: "\${{ group.alerts.map(a, a.labels.instance).join(',') }}"}`;
  const scenario = await startScenario(files(more));
  await post(scenario, slow("1"));
  await post(scenario, slow("2"));
  await post(scenario, slow("3"));
  expect(await decisionsOf(scenario)).toEqual([
    "delayed:act:batch",
    "delayed:act:batch",
    "delayed:act:batch",
  ]);
  await runsEnded(scenario, 1);
  expect(notesOf(scenario)).toEqual(["1,2,3"]);
  expect((await alertsOf(scenario)).map((alert) => alert.decisions.at(-1)?.kind)).toEqual([
    "started",
    "joined",
    "joined",
  ]);
});

test("batch: a full one does not wait", async () => {
  const scenario = await startScenario(files("    batch: {wait: 1h, max: 2}"));
  await post(scenario, slow("1"));
  await post(scenario, slow("2"));
  expect(await runsEnded(scenario, 1)).toHaveLength(1);
});

test("approve: a run waits for a person, starts after the yes, and not before", async () => {
  const scenario = await startScenario({
    "rules/act.yml": rule("").replace("mode: auto", "mode: approve"),
    "runbooks/act.yml": RUNBOOK,
  });
  await post(scenario, slow("1"));
  expect(await decisionsOf(scenario)).toEqual(["waiting_person:act"]);
  expect((await runsOf(scenario))[0]).toMatchObject({ status: "waiting_person" });
  const list = (await (await fetch(`${scenario.app.url}/api/v1/approvals`)).json()) as {
    items: { id: string; status: string; message: string }[];
  };
  expect(list.items).toMatchObject([{ status: "pending", message: expect.stringContaining("act") }]);
  expect(notesOf(scenario)).toEqual([]);
  const path = `/api/v1/approvals/${list.items[0]?.id ?? ""}/approve`;
  const answer = await fetch(`${scenario.app.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(answer.status).toBe(200);
  await runsEnded(scenario, 1);
  expect(notesOf(scenario)).toEqual(["nobody"]);
});

test("approve: nobody answers, and the run ends without having begun", async () => {
  const scenario = await startScenario({
    "rules/act.yml": rule("").replace("mode: auto", "mode: approve"),
    "runbooks/act.yml": `${RUNBOOK}approval: {timeout: 300ms}\n`,
  });
  await post(scenario, slow("1"));
  const [run] = await runsEnded(scenario, 1);
  expect(run?.status).toBe("timed_out");
  expect(notesOf(scenario)).toEqual([]);
});

test("observe: says what it would have done, counts in its own guards, and starts nothing", async () => {
  const scenario = await startScenario({
    "rules/act.yml": rule("    guards: {rate_limit: {max: 2, per: 1h}}").replace(
      "mode: auto",
      "mode: observe",
    ),
    "runbooks/act.yml": RUNBOOK,
  });
  await post(scenario, slow("1", "firing", "a"), slow("1", "firing", "b"), slow("1", "firing", "c"));
  expect(await decisionsOf(scenario)).toEqual(["observed:act", "observed:act", "observed:act:rate_limit"]);
  expect((await alertsOf(scenario))[0]?.decisions[0]?.detail).toMatchObject({ would_run: "act" });
  expect(await runsOf(scenario)).toEqual([]);
});

test("a breaker that people have not reset keeps ending matching: later rules get nothing", async () => {
  const scenario = await startScenario({
    "nightshift.yml": settings(""),
    "rules/act.yml": `${rule("    guards: {breaker: {failures: 1, within: 1h, reset_after: 12h}}")}  - {name: all, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}\n`,
    "runbooks/act.yml": RUNBOOK,
  });
  await scenario.app.store.transaction(async (tx) => {
    await tx
      .insertInto("breaker")
      .values({ rule: "act", opened_at: Date.now(), run_id: null, because: "a test", counted_from: 0 })
      .execute();
  });
  await post(scenario, slow("1"));
  expect(await decisionsOf(scenario)).toEqual(["refused:act:breaker"]);
});
