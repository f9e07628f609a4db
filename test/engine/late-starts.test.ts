// No stale starts: what starts late asks the source first, and nothing starts on old news.
import { expect, onTestFinished, test } from "vitest";
import { type AlertSource, startAlertSource } from "../support/alert-source.ts";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import {
  alertsOf,
  decisionsOf,
  notesOf,
  openGate,
  post,
  runEnded,
  runsEnded,
  runsOf,
  type Scenario,
  settings,
  settled,
  startScenario,
  waitAt,
} from "./engine-fixture.ts";

const RULES = `
rules:
  - {name: hold, mode: auto, matchers: ['alertname = "First"'], runbook: hold}
  - {name: act, mode: auto, matchers: ['alertname = "Second"'], runbook: act}
`;
const HOLD = `{name: hold, target: local, steps: [{id: hold, run: 'echo hold >> FOLDER/notes; ${waitAt("gate")}'}]}\n`;
const ACT = `{name: act, target: local, steps: [{id: act, run: 'echo act >> FOLDER/notes'}]}\n`;
const FIRST = { labels: { alertname: "First" }, startsAt: "2026-01-01T00:00:00Z" };
const SECOND = { labels: { alertname: "Second", instance: "1" }, startsAt: "2026-01-01T00:00:00Z" };

async function source(): Promise<{ api: AlertSource; text: string }> {
  const api = await startAlertSource();
  onTestFinished(() => api.close());
  return { api, text: `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${api.url}"]}}]` };
}

/** One slot, held by the first alert's run for longer than `start_within` of the second's. */
async function holdUp(more: string, second = [SECOND]): Promise<Scenario> {
  const scenario = await startScenario({
    "nightshift.yml": settings(`limits: {max_runs: 1, start_within: 200ms}\n${more}`),
    "rules/all.yml": RULES,
    "runbooks/hold.yml": HOLD,
    "runbooks/act.yml": ACT,
  });
  await post(scenario, FIRST);
  await waitFor("the slot to be taken", () => notesOf(scenario).includes("hold"));
  await post(scenario, ...second);
  const queuedAtMs = Date.now();
  await waitFor("start_within", () => Date.now() - queuedAtMs > 250);
  return scenario;
}

async function secondRun(scenario: Scenario) {
  openGate(scenario, "gate");
  return (await runsEnded(scenario, 2))[1];
}

test("a late start that the source confirms goes on", async () => {
  const { api, text } = await source();
  api.say(SECOND, "firing");
  const scenario = await holdUp(text);
  expect(await secondRun(scenario)).toMatchObject({ status: "succeeded" });
  expect(api.asked).toBe(1);
});

test("a late start for an alert that has gone is cancelled, and the alert closed", async () => {
  const { text } = await source();
  const scenario = await holdUp(text);
  expect(await secondRun(scenario)).toMatchObject({
    status: "cancelled",
    message: "the start came too late: the source no longer knows the alert",
  });
  expect(notesOf(scenario)).toEqual(["hold"]);
  expect((await alertsOf(scenario))[1]).toMatchObject({ status: "resolved" });
});

test("a late start for a silenced alert is refused", async () => {
  const { api, text } = await source();
  api.say(SECOND, "suppressed");
  const scenario = await holdUp(text);
  expect(await secondRun(scenario)).toMatchObject({ status: "cancelled" });
  expect(await decisionsOf(scenario)).toContain("refused:act:silenced");
});

test("a late start is refused when nobody can be asked, and the next delivery starts it anew", async () => {
  const scenario = await holdUp("");
  expect(await secondRun(scenario)).toMatchObject({ status: "cancelled" });
  expect(await decisionsOf(scenario)).toEqual(["started:hold", "started:act", "refused:act:expired"]);
  await post(scenario, SECOND);
  const runs = await runsEnded(scenario, 3);
  expect(runs[2]).toMatchObject({ status: "succeeded", trigger: { rule: "act" } });
  expect(notesOf(scenario)).toEqual(["hold", "act"]);
});

test("a group's late start goes on while any of its members fires", async () => {
  const { api, text } = await source();
  const other = { labels: { alertname: "Second", instance: "2" }, startsAt: "2026-01-01T00:00:00Z" };
  api.say(other, "firing");
  const scenario = await startScenario({
    "nightshift.yml": settings(`limits: {max_runs: 1, start_within: 200ms}\n${text}`),
    "rules/all.yml": RULES.replace(
      "'alertname = \"Second\"'],",
      "'alertname = \"Second\"'], group_by: [alertname],",
    ),
    "runbooks/hold.yml": HOLD,
    "runbooks/act.yml": ACT,
  });
  await post(scenario, FIRST);
  await waitFor("the slot to be taken", () => notesOf(scenario).includes("hold"));
  await post(scenario, SECOND, other);
  await post(scenario, { ...SECOND, status: "resolved" });
  const queuedAtMs = Date.now();
  await waitFor("start_within", () => Date.now() - queuedAtMs > 250);
  expect(await secondRun(scenario)).toMatchObject({ status: "succeeded" });
});

const COOLING = `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Second"'], group_by: [alertname], runbook: act, guards: {cooldown: 1s}}
`;

/** A start is delayed, and the time it was delayed to passes while the service is down. */
async function sleepThrough(text: string): Promise<Scenario> {
  const scenario = await startScenario({
    "nightshift.yml": settings(text),
    "rules/all.yml": COOLING,
    "runbooks/act.yml": ACT,
  });
  const second = { ...SECOND, labels: { ...SECOND.labels, instance: "2" } };
  await post(scenario, SECOND);
  await runEnded(scenario);
  await post(scenario, { ...SECOND, status: "resolved" }, second);
  expect(await decisionsOf(scenario)).toContain("delayed:act:cooldown");
  await scenario.app.stop();
  const stoppedAtMs = Date.now();
  await waitFor("the cooldown", () => Date.now() - stoppedAtMs > 1_100);
  scenario.app = await startService(scenario.at);
  return scenario;
}

test("a delayed start that fell due while the service was down asks first: firing", async () => {
  const { api, text } = await source();
  api.say({ labels: { ...SECOND.labels, instance: "2" } }, "firing");
  const scenario = await sleepThrough(text);
  await runsEnded(scenario, 2);
  expect(api.asked).toBeGreaterThan(0);
});

test("a delayed start that fell due while the service was down asks first: gone", async () => {
  const { text } = await source();
  const scenario = await sleepThrough(text);
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(1);
  expect((await alertsOf(scenario))[1]).toMatchObject({ status: "resolved" });
});

test("a delayed start that fell due while the service was down is refused when nobody can be asked, until the alert is delivered again", async () => {
  const scenario = await sleepThrough("");
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(1);
  expect(await decisionsOf(scenario)).toContain("refused:act:expired");
  await post(scenario, { ...SECOND, labels: { ...SECOND.labels, instance: "2" } });
  await runsEnded(scenario, 2);
});

test.each([
  ["firing", 2, "started:act"],
  ["gone", 1, "closed"],
  ["away", 1, "refused:act:expired"],
] as const)(
  "a member that joined a run for longer than start_within asks first: %s",
  async (state, runs, last) => {
    const { api, text } = await source();
    const member = (instance: string) => ({
      labels: { alertname: "Second", instance },
      startsAt: "2026-01-01T00:00:00Z",
    });
    const scenario = await startScenario({
      "nightshift.yml": settings(`limits: {start_within: 200ms}\n${text}`),
      "rules/all.yml": `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Second"', 'instance =~ ".+"']
    group_by: [alertname]
    runbook: act
    with: {who: "\${{ alert.labels.instance }}"}
`,
      "runbooks/act.yml": `
name: act
inputs: {who: {type: string}}
target: local
steps: [{id: act, env: {WHO: "\${{ inputs.who }}"}, run: 'echo "$WHO" >> FOLDER/notes; ${waitAt("gate")}'}]
`,
    });
    await post(scenario, member("1"));
    await waitFor("the run", () => notesOf(scenario).length === 1);
    await post(scenario, member("2"));
    const joinedAtMs = Date.now();
    await waitFor("start_within", () => Date.now() - joinedAtMs > 250);
    if (state === "firing") api.say(member("2"), "firing");
    if (state === "away") api.goAway();
    openGate(scenario, "gate");
    await waitFor("the decision", async () => (await decisionsOf(scenario)).at(-1) === last);
    await settled(scenario);
    expect(await runsOf(scenario)).toHaveLength(runs);
  },
);
