// Asserts of runbooks: judged at the decision, measured at the start and again right before the steps they are about.
import { expect, test } from "vitest";
import { type QueryServer, startQueryServer } from "../support/query-server.ts";
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
  startScenario,
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

const RULES = `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"', 'instance =~ ".+"'], runbook: act, with: {host: "\${{ alert.labels.instance }}"}}
`;
const SLOW = { labels: { alertname: "Slow", instance: "web-1" }, startsAt: "2026-01-01T00:00:00Z" };
const PEERS =
  "{name: peers, prometheus: 'sum(up) - 1', expect: value >= 2.0, message: Fewer than two peers would remain.}";

function runbook(asserts: string, steps: string): string {
  return `
name: act
target: local
inputs: {host: {type: string}}
asserts: [${asserts}]
steps: [${steps}]
on_failure: [{id: report, run: 'echo report >> FOLDER/notes'}]
finally: [{id: tidy, run: 'echo tidy >> FOLDER/notes'}]
`;
}

const CHANGE = "{id: act, run: 'echo act >> FOLDER/notes'}";

async function scenario(asserts: string, steps = CHANGE, prometheus: QueryServer | null = null) {
  const at = await startScenario({
    "nightshift.yml": settings(prometheus === null ? "" : `prometheus: {url: "${prometheus.url}"}`),
    "rules/all.yml": RULES,
    "runbooks/act.yml": runbook(asserts, steps),
  });
  await post(at, SLOW);
  return at;
}

test("one over inputs that does not hold refuses the start, and says what it asked", async () => {
  const assert = `{name: small, expect: 'inputs.host != "web-1"', message: web-1 is never restarted.}`;
  const at = await scenario(assert);
  expect(await decisionsOf(at)).toEqual(["refused:act:assert"]);
  const [alert] = await alertsOf(at);
  expect(alert?.decisions[0]?.detail["text"]).toBe("web-1 is never restarted. (small)");
  expect(await runsOf(at)).toEqual([]);
  await post(at, { ...SLOW, labels: { ...SLOW.labels, instance: "web-2" } });
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
});

test("one over a query that holds lets the run go on; values are bound as literals", async () => {
  const prometheus = await startQueryServer(["2"]);
  const assert = `{name: peers, prometheus: {query: 'sum(up{instance!=$host})', vars: {host: "\${{ inputs.host }}"}}, expect: value >= 2.0, message: m}`;
  const at = await scenario(assert, CHANGE, prometheus);
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
  const query = 'sum(up{instance!="web-1"})';
  expect(prometheus.queries).toEqual([query, query]);
});

test.each<[string, readonly string[] | null, string]>([
  ["does not hold", ["1"], "Fewer than two peers would remain. (peers: 1)"],
  ["gives NaN", ["NaN"], "it is not known whether this holds: peers: the query gave NaN"],
  ["gives no series", [], "it is not known whether this holds: peers: the query gave no series"],
  [
    "gives several series",
    ["3", "1"],
    "it is not known whether this holds: peers: the query gave 2 series; it has to give one",
  ],
  ["has no answer", null, "it is not known whether this holds: peers: "],
])(
  "one whose query %s: the run ends before it begins, and a later delivery is judged anew",
  async (_name, values, text) => {
    const prometheus = await startQueryServer(values);
    const at = await scenario(PEERS, CHANGE, prometheus);
    const run = await runEnded(at);
    expect(run).toMatchObject({ status: "cancelled", started_at: null, steps: [] });
    expect(run.message).toContain(text);
    expect(await decisionsOf(at)).toEqual(["started:act", "refused:act:assert"]);
    prometheus.values = ["2"];
    await post(at, SLOW);
    const [, second] = await runsEnded(at, 2);
    expect(second).toMatchObject({ status: "succeeded" });
    expect(notesOf(at)).toEqual(["act", "tidy"]);
  },
);

test("without a Prometheus in the settings nothing is known", async () => {
  const at = await scenario(PEERS);
  const run = await runEnded(at);
  expect(run).toMatchObject({ status: "cancelled", started_at: null });
  expect(run.message).toContain("add prometheus.url");
});

const STEPS = `
  {id: look, effect: read, run: 'echo look >> FOLDER/notes; ${waitAt("gate")}'},
  {id: act, run: 'echo act >> FOLDER/notes'},
  {id: after, run: 'echo after >> FOLDER/notes'}`;

test("one that holds at the start and not before the change: the step fails without an attempt, and the rest cleans up", async () => {
  const prometheus = await startQueryServer(["2"]);
  const at = await scenario(PEERS, STEPS, prometheus);
  await waitFor("the first step", () => notesOf(at).includes("look"));
  prometheus.values = ["1"];
  openGate(at, "gate");
  const run = await runEnded(at);
  expect(run).toMatchObject({
    status: "failed",
    failed_step: "act",
    message: "Fewer than two peers would remain. (peers: 1)",
  });
  expect(stepsOf(run)).toEqual({
    look: "succeeded",
    act: "failed",
    after: "skipped",
    report: "succeeded",
    tidy: "succeeded",
  });
  expect(run.steps.find(({ id }) => id === "act")).toMatchObject({ attempts: 0 });
  expect(notesOf(at)).toEqual(["look", "report", "tidy"]);
});

async function askedBefore(before: string): Promise<number> {
  const prometheus = await startQueryServer(["2"]);
  const at = await scenario(PEERS.replace("message:", `${before} message:`), STEPS, prometheus);
  openGate(at, "gate");
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
  return prometheus.queries.length - 1;
}

test("one is measured before every change step, or before the steps that it names", async () => {
  expect(await askedBefore("")).toBe(2);
  expect(await askedBefore("before: [after],")).toBe(1);
  expect(await askedBefore("before: [look, act, after],")).toBe(3);
  expect(await askedBefore("before: [tidy],")).toBe(1);
});

/** A run that waits for its next step while the service is down. */
async function restarted(values: readonly string[]): Promise<Scenario> {
  const prometheus = await startQueryServer(["2"]);
  const steps = `{id: pause, wait: 6s}, ${CHANGE}`;
  const at = await scenario(PEERS, steps, prometheus);
  await waitFor("the wait", async () => {
    const rows = await at.app.store.reader.selectFrom("run").select("parked_until").execute();
    return rows[0]?.parked_until !== null;
  });
  await at.app.stop();
  prometheus.values = values;
  at.app = await startService(at.at);
  return at;
}

test.each([
  [["2"], "succeeded"],
  [["1"], "failed"],
])(
  "after a restart it is measured again before the next step: %j is %s",
  async (values, status) => {
    const at = await restarted(values);
    expect(await runEnded(at, 30_000)).toMatchObject({ status });
    expect(notesOf(at)).toEqual(status === "failed" ? ["report", "tidy"] : ["act", "tidy"]);
  },
  45_000,
);
