// Notices of one alert belong together, and what they opened is closed when the alert has recovered: with real receivers.
import { expect, onTestFinished, test } from "vitest";
import { startPagerDuty, ROUTING_KEY } from "../notify/pagerduty-server.ts";
import { startSlack, TOKEN } from "../notify/slack-server.ts";
import { startAlertSource } from "../support/alert-source.ts";
import { waitFor } from "../support/wait.ts";
import { post, runEnded, runsEnded, type Scenario, startScenario } from "./engine-fixture.ts";

const alert = (alertname: string, more: Readonly<Record<string, string>> = {}) => ({
  labels: { alertname, ...more },
  startsAt: "2026-01-01T00:00:00Z",
});
const resolved = (alertname: string, more: Readonly<Record<string, string>> = {}) => ({
  ...alert(alertname, more),
  status: "resolved" as const,
});

async function scenario(notify: string, more: Readonly<Record<string, string>> = {}) {
  const slack = await startSlack();
  const pagerDuty = await startPagerDuty();
  const at = await startScenario({
    "slack-token": TOKEN,
    "routing-key": ROUTING_KEY,
    "nightshift.yml": `
web: {external_url: "https://night.example.net"}
notifiers:
  - {name: chat, slack: {token: {file: slack-token}, channel: "#oncall", api_url: "${slack.apiUrl}"}}
  - {name: pager, pagerduty: {routing_key: {file: routing-key}, url: "${pagerDuty.eventsUrl}"}}
notify: ${notify}
`,
    "rules/all.yml": `
rules:
  - {name: bad, mode: auto, matchers: ['alertname = "Bad"'], runbook: fail}
  - {name: good, mode: auto, matchers: ['alertname = "Good"'], runbook: work}
  - {name: group, mode: auto, matchers: ['alertname = "Group"'], group_by: [service], runbook: fail}
`,
    "runbooks/fail.yml": "{name: fail, target: local, steps: [{id: fail, run: exit 3}]}\n",
    "runbooks/work.yml": '{name: work, target: local, steps: [{id: work, command: ["true"]}]}\n',
    "runbooks/tell.yml":
      '{name: tell, target: local, steps: [{id: tell, notify: {to: pager, text: "it begins"}}]}\n',
    ...more,
  });
  return { at, slack, pagerDuty };
}

const rows = ({ app }: Scenario) =>
  app.store.reader
    .selectFrom("outbox")
    .select(["target", "done_at"])
    .where("action", "=", "notify")
    .execute();

/** What notices there are, once all of them are done. */
async function told(at: Scenario): Promise<string[]> {
  await waitFor("the notices", async () => (await rows(at)).every(({ done_at: doneAt }) => doneAt !== null));
  return (await rows(at)).map(({ target }) => target.replace(/^recovered-[^:]+/, "recovered")).toSorted();
}

test("an incident is resolved, and a thread ends with the recovery, when the alert recovers", async () => {
  const { at, slack, pagerDuty } = await scenario(
    "[{to: pager, events: [failed]}, {to: chat, events: [failed, recovered]}]",
  );
  await post(at, alert("Bad"));
  const run = await runEnded(at);
  await waitFor("the incident", () => Promise.resolve(pagerDuty.incidents.length === 1));
  await waitFor("the message", () => Promise.resolve(slack.messages.length === 1));
  await post(at, resolved("Bad"));
  await waitFor("its end", () => Promise.resolve(pagerDuty.incidents[0]?.status === "resolved"));
  expect(pagerDuty.incidents[0]?.key).toBe(`nightshift:${run.trigger.alert}`);
  expect(pagerDuty.events[0]?.links).toEqual([
    { href: `https://night.example.net/runs/${run.id}`, text: "Open in Nightshift" },
  ]);
  expect(await told(at)).toEqual(["failed:chat", "failed:pager", "recovered:chat", "recovered:pager"]);
  expect(slack.messages.map(({ thread, text }) => [thread === null, text])).toEqual([
    [true, "Bad: the alert has recovered"],
    [false, "Bad: the alert has recovered"],
  ]);
});

test("an end never overtakes its beginning, whatever fails on the way", async () => {
  const { at, pagerDuty } = await scenario("[{to: pager, events: [failed]}]");
  pagerDuty.answers.push({ status: 503 }, { status: 500 });
  await post(at, alert("Bad"));
  await runEnded(at);
  await post(at, resolved("Bad"));
  await waitFor("both events", () => Promise.resolve(pagerDuty.events.length === 2));
  expect(pagerDuty.events.map(({ event_action: action }) => action)).toEqual(["trigger", "resolve"]);
  expect(pagerDuty.incidents.map(({ status }) => status)).toEqual(["resolved"]);
});

test("of an alert that nobody was told of, nobody hears that it recovered", async () => {
  const { at, slack, pagerDuty } = await scenario(
    "[{to: pager, events: [failed]}, {to: chat, events: [failed, recovered]}]",
  );
  await post(at, alert("Good"));
  await runEnded(at);
  await post(at, resolved("Good"));
  expect(await told(at)).toEqual([]);
  expect([slack.calls, pagerDuty.seen]).toEqual([[], []]);
});

test("who does not ask for recoveries hears of none, unless an incident is open there", async () => {
  const { at, slack } = await scenario("[{to: pager, events: [failed]}, {to: chat, events: [failed]}]");
  await post(at, alert("Bad"));
  await runEnded(at);
  await post(at, resolved("Bad"));
  expect(await told(at)).toEqual(["failed:chat", "failed:pager", "recovered:pager"]);
  expect(slack.messages).toHaveLength(1);
});

test("the incident of a group stays open until its last alert has recovered", async () => {
  const { at, pagerDuty } = await scenario("[{to: pager, events: [failed]}]");
  const one = { service: "web", instance: "web-1" };
  const two = { service: "web", instance: "web-2" };
  await post(at, alert("Group", one), alert("Group", two));
  await runsEnded(at, 1);
  await waitFor("the incident", () => Promise.resolve(pagerDuty.incidents.length === 1));
  await post(at, resolved("Group", one));
  expect(await told(at)).toEqual(["failed:pager"]);
  await post(at, resolved("Group", two));
  await waitFor("its end", () => Promise.resolve(pagerDuty.incidents[0]?.status === "resolved"));
  expect(pagerDuty.incidents).toHaveLength(1);
});

test("what a runbook told of a run that a person started is closed when that run has succeeded", async () => {
  const { at, pagerDuty } = await scenario("[{to: pager, events: [failed]}]");
  const started = await fetch(`${at.app.url}/api/v1/runbooks/tell/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ inputs: {} }),
  });
  expect(started.status).toBe(202);
  const run = await runEnded(at);
  await waitFor("its end", () => Promise.resolve(pagerDuty.incidents[0]?.status === "resolved"));
  expect(pagerDuty.incidents).toEqual([
    { key: `nightshift:${run.id}`, status: "resolved", summaries: ["it begins"] },
  ]);
});

test("notices are told in the words of the route, else of the notifier, else in our own where a label is missing", async () => {
  const { at, slack } = await scenario(
    `
  - {to: chat, events: [failed], title: "\${{ run.runbook }} for \${{ alert.labels.team }}: \${{ notice.event }}", text: "\${{ run.status }} at \${{ run.failed_step }}; \${{ notice.text }}"}`,
  );
  await post(at, alert("Bad", { team: "web" }));
  await runsEnded(at, 1);
  await waitFor("the message", () => Promise.resolve(slack.messages.length === 1));
  expect(slack.messages[0]?.text).toBe("fail for web: failed");
  expect(slack.messages[0]?.blocks[1]?.text.text).toMatch(/^failed at fail; Bad/);
  await post(at, alert("Bad", { nobody: "web" }));
  await runsEnded(at, 2);
  await waitFor("the other message", () => Promise.resolve(slack.messages.length === 2));
  expect(slack.messages[1]?.text).toBe("fail on local: the run failed");
});

test("an alert that comes back is told in the thread of its new firing, whose end closes it", async () => {
  const api = await startAlertSource();
  onTestFinished(() => api.close());
  const { at, pagerDuty } = await scenario(
    `[{to: pager, events: [approval, relapse]}]\nsources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${api.url}"]}}]`,
    {
      "rules/all.yml": `
rules:
  - name: again
    mode: auto
    matchers: ['alertname = "Again"']
    group_by: [service]
    runbook: change
    verify: {resolved_within: 300ms, stable_for: 50ms}
    ladder: [{runbook: work, mode: approve}]
`,
      "runbooks/change.yml":
        '{name: change, target: local, steps: [{id: change, effect: change, command: ["true"]}]}\n',
    },
  );
  const firing = (startsAt: string) => ({ ...alert("Again", { service: "web" }), startsAt });
  const first = firing("2026-01-01T00:00:00Z");
  const statuses = () => pagerDuty.incidents.map(({ status }) => status);
  api.say(first, "firing");
  await post(at, first);
  await waitFor("the rung to ask", () => Promise.resolve(statuses().join() === "triggered"));
  api.say(first, "gone");
  await post(at, { ...first, status: "resolved" });
  await waitFor("its end", () => Promise.resolve(statuses().join() === "resolved"));
  const second = firing(new Date().toISOString());
  api.say(second, "firing");
  await post(at, second);
  await waitFor("the relapse", () => Promise.resolve(pagerDuty.incidents[1]?.summaries.length === 2));
  expect(pagerDuty.incidents[1]?.summaries.join("\n")).toContain("the alert came back after a run");
  await post(at, { ...second, status: "resolved" });
  await waitFor("the end of all", () => Promise.resolve(statuses().join() === "resolved,resolved"));
  expect(await told(at)).toContain("relapse:pager");
});
