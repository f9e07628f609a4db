// What a run did for its alert: never "fixed" when it is not sure, and never silent about it.
import { expect, onTestFinished, test } from "vitest";
import { startServer } from "../outbound/http-server.ts";
import { type AlertSource, startAlertSource } from "../support/alert-source.ts";
import type { RunJson } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  alertsOf,
  decisionsOf,
  notesOf,
  openGate,
  post,
  runEnded,
  runJudged,
  runsEnded,
  runsOf,
  type Scenario,
  settings,
  startScenario,
  waitAt,
} from "./engine-fixture.ts";

const RULE = `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Slow"']
    runbook: act
    verify: {VERIFY}
`;
const CHANGE = "{id: change, run: 'echo change >> FOLDER/notes'}";
const ALERT = { labels: { alertname: "Slow", service: "web" }, startsAt: "2026-01-01T00:00:00Z" };
const RESOLVED = { ...ALERT, status: "resolved" } as const;

function runbook(...steps: string[]): string {
  return `{name: act, target: local, steps: [${steps.join(", ")}]}\n`;
}

interface Verified {
  readonly scenario: Scenario;
  readonly source: AlertSource;
}

async function start(verify: string, steps = [CHANGE], more = ""): Promise<Verified> {
  const source = await startAlertSource();
  onTestFinished(() => source.close());
  const api = more.includes("sources:")
    ? more
    : `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${source.url}"]}}]\n${more}`;
  const scenario = await startScenario({
    "nightshift.yml": settings(api),
    "rules/act.yml": RULE.replace("VERIFY", verify),
    "runbooks/act.yml": runbook(...steps),
  });
  return { scenario, source };
}

const SOON = "resolved_within: 300ms, stable_for: 300ms";

test("gone at the source without a resolve: the alert is closed, and fixed when it stays so", async () => {
  const { scenario } = await start(SOON);
  await post(scenario, ALERT);
  expect(await runJudged(scenario)).toMatchObject({ status: "succeeded", outcome: "fixed" });
  expect(await alertsOf(scenario)).toMatchObject([{ status: "resolved" }]);
  expect(await decisionsOf(scenario)).toEqual(["started:act", "closed"]);
});

test("still firing at the source: no effect", async () => {
  const { scenario, source } = await start(SOON);
  source.say(ALERT, "firing");
  await post(scenario, ALERT);
  expect(await runJudged(scenario)).toMatchObject({
    outcome: "no_effect",
    outcome_because: "the source says that the alert still fires",
  });
  expect(await alertsOf(scenario)).toMatchObject([{ status: "firing" }]);
});

test("suppressed at the source: unknown", async () => {
  const { scenario, source } = await start(SOON);
  source.say(ALERT, "suppressed");
  await post(scenario, ALERT);
  expect(await runJudged(scenario)).toMatchObject({ outcome: "unknown" });
});

test("the source is away and nothing was heard: unknown", async () => {
  const { scenario, source } = await start(SOON);
  source.goAway();
  await post(scenario, ALERT);
  expect(await runJudged(scenario)).toMatchObject({ outcome: "unknown" });
  expect(source.asked).toBeGreaterThan(0);
  expect(await alertsOf(scenario)).toMatchObject([{ status: "firing" }]);
});

test("the source is away and the alert was sent as firing after the change: no effect", async () => {
  const { scenario, source } = await start("resolved_within: 1s, stable_for: 300ms");
  source.goAway();
  await post(scenario, ALERT);
  await runEnded(scenario);
  await post(scenario, ALERT);
  expect(await runJudged(scenario)).toMatchObject({ outcome: "no_effect" });
});

test("a resolve that the source contradicts is not fixed", async () => {
  const { scenario, source } = await start(SOON);
  source.say(ALERT, "firing");
  await post(scenario, ALERT);
  await runEnded(scenario);
  await post(scenario, { ...RESOLVED, endsAt: new Date().toISOString() });
  expect(await runJudged(scenario)).toMatchObject({ outcome: "no_effect" });
});

test("recovered before the change: not fixed", async () => {
  const { scenario } = await start(SOON, [
    `{id: look, effect: read, run: 'echo look >> FOLDER/notes; ${waitAt("gate")}'}`,
    CHANGE,
  ]);
  await post(scenario, ALERT);
  await waitFor("the first step", () => notesOf(scenario).includes("look"));
  await post(scenario, RESOLVED);
  openGate(scenario, "gate");
  expect(await runJudged(scenario)).toMatchObject({ status: "succeeded", outcome: "unknown" });
});

test("recovered although the change failed: not fixed", async () => {
  const { scenario } = await start(SOON, ["{id: change, run: 'exit 1'}"]);
  await post(scenario, ALERT);
  await runEnded(scenario);
  await post(scenario, RESOLVED);
  expect(await runJudged(scenario)).toMatchObject({ status: "failed", outcome: "unknown" });
});

test("no change step ran: no outcome at all", async () => {
  const { scenario } = await start(SOON, ["{id: look, effect: read, command: ['true']}"]);
  await post(scenario, ALERT);
  await runEnded(scenario);
  await post(scenario, RESOLVED);
  const timers = await scenario.app.store.reader
    .selectFrom("timer")
    .select("kind")
    .where("kind", "=", "verify")
    .execute();
  expect(timers).toEqual([]);
  expect((await runEnded(scenario)).outcome).toBeNull();
});

const STABLE = "resolved_within: 700ms, stable_for: 1200ms";

async function relapse(scenario: Scenario): Promise<void> {
  await post(scenario, ALERT);
  await runEnded(scenario);
  await post(scenario, { ...RESOLVED, endsAt: new Date().toISOString() });
  // Another rule's work: this one would start a run of its own for the new episode.
  scenario.at.write({ "rules/act.yml": "rules: [{name: watch, mode: observe, matchers: []}]\n" });
  expect(await scenario.app.reload()).toEqual([]);
  await post(scenario, { ...ALERT, startsAt: new Date(Date.now() + 1_000).toISOString() });
  expect(await alertsOf(scenario)).toHaveLength(2);
}

test("a relapse in stable_for: no effect", async () => {
  const { scenario, source } = await start(STABLE);
  source.goAway();
  await relapse(scenario);
  expect(await runJudged(scenario)).toMatchObject({ outcome: "no_effect" });
});

test("a relapse in stable_for that has gone again when it is judged: no effect", async () => {
  const { scenario, source } = await start(STABLE);
  source.goAway();
  await relapse(scenario);
  await post(scenario, { ...RESOLVED, endsAt: new Date(Date.now() + 2_000).toISOString() });
  expect(await runJudged(scenario)).toMatchObject({ outcome: "no_effect" });
});

/** `verify.check` against a server that answers these values one after the other, the last one for ever; null: no series. */
async function judgeBy(verify: string, values: readonly (number | null)[], code = 200): Promise<RunJson> {
  const left = [...values];
  const prometheus = await startServer((response) => {
    const value = left.length > 1 ? left.shift() : left[0];
    response.statusCode = code;
    response.setHeader("content-type", "application/json");
    const result = value === null ? [] : [{ metric: {}, value: [Date.now() / 1000, String(value)] }];
    const answer = JSON.stringify({ status: "success", data: { resultType: "vector", result } });
    response.end(code === 200 ? answer : "away");
  });
  const { scenario } = await start(verify, [CHANGE], `prometheus: {url: "${prometheus.url}"}`);
  await post(scenario, ALERT);
  await runsEnded(scenario, 1);
  const run = await runJudged(scenario);
  const asked = prometheus.seen.filter(({ url }) => url.startsWith("/api/v1/query?"));
  expect(asked.length).toBeGreaterThan(0);
  expect(new URL(asked[0]?.url ?? "", prometheus.url).searchParams.get("query")).toBe("latency");
  expect(await runsOf(scenario)).toHaveLength(1);
  return run;
}

const CHECK = `${SOON}, check: {prometheus: {query: latency}, expect: "value < 0.8"}`;

test.each<[string, string, (number | null)[], number, string]>([
  ["as expected, and stays so", CHECK, [0.2, 0.3], 200, "fixed"],
  ["not as expected", CHECK, [0.9], 200, "no_effect"],
  ["as expected at first only", CHECK, [0.2, 0.9], 200, "no_effect"],
  ["worse than before", `${CHECK}, worse: "value > 5.0"`, [7], 200, "worse"],
  ["no series", CHECK, [null], 200, "unknown"],
  ["not a number", CHECK, [Number.NaN], 200, "unknown"],
  ["away", CHECK, [0.2], 503, "unknown"],
])("verify.check: %s", async (_name, verify, values, code, outcome) => {
  expect(await judgeBy(verify, values, code)).toMatchObject({ outcome });
});
