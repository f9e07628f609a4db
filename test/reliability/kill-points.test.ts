// R7: killed at each named kill point and started again: a change step never runs a second time and never succeeds falsely.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyBundle } from "../../src/archive/verify-bundle.ts";
import { KILL_POINTS } from "../../src/platform/killpoints.ts";
import { startServer, type TestServer } from "../outbound/http-server.ts";
import { isOver, listRuns, postAlerts, readRun, type RunJson } from "../support/alerts.ts";
import { freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

/** More for a long run: NIGHTSHIFT_CHAOS_TIMES=20. */
const TIMES = Number(process.env["NIGHTSHIFT_CHAOS_TIMES"] ?? 1);
/** Most of the time a scenario waits. */
const AT_ONCE = 3;

/** In the order of their attempts: look, change, then tidy; or look, change, rescue and tidy when the change fails. */
const SCENARIOS: readonly Scenario[] = [
  { point: "before-intake-commit:1" },
  { point: "after-intake-commit:1" },
  { point: "after-claim:1" },
  { point: "after-intent:1" },
  { point: "after-effect:1" },
  { point: "after-outcome:1" },
  { point: "after-intent:2", cutOff: "change" },
  { point: "after-effect:2", cutOff: "change" },
  { point: "after-outcome:2" },
  { point: "after-intent:3", cutOff: "tidy" },
  { point: "after-effect:3", cutOff: "tidy" },
  { point: "after-outcome:3" },
  { point: "after-intent:3", cutOff: "rescue", isFailing: true },
  { point: "after-effect:3", cutOff: "rescue", isFailing: true },
  { point: "after-last-step:1" },
  { point: "after-run-end:1" },
  { point: "after-bundle-written:1" },
  { point: "after-bundle-recorded:1" },
  { point: "after-notice-sent:1" },
  { point: "after-timer-claimed:1" },
];

interface Scenario {
  readonly point: string;
  /** The step whose attempt the kill cuts off, where it is one that must not be repeated. */
  readonly cutOff?: "change" | "rescue" | "tidy";
  readonly isFailing?: true;
}

const RULE = `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Kill"', 'exit =~ ".+"']
    runbook: act
    with: {exit: "\${{ alert.labels.exit }}"}
    verify: {resolved_within: 100ms, stable_for: 100ms}
`;

const RUNBOOK = `
name: act
inputs: {exit: {type: string}}
target: local
steps:
  - {id: look, effect: read, run: 'echo look >> "$FILE"', env: {FILE: "STEPS_FILE"}}
  - {id: change, run: 'echo change >> "$FILE"; exit "$CODE"', env: {FILE: "STEPS_FILE", CODE: "\${{ inputs.exit }}"}}
on_failure:
  - {id: rescue, run: 'echo rescue >> "$FILE"', env: {FILE: "STEPS_FILE"}}
finally:
  - {id: tidy, run: 'echo tidy >> "$FILE"', env: {FILE: "STEPS_FILE"}}
`;

const CHANGES = ["change", "rescue", "tidy"];
/** Of what the receiver is told. */
const EVENTS: readonly string[] = ["failed", "interrupted", "unknown"];

test("keeps its word at every kill point", { timeout: 110_000 * TIMES }, async () => {
  const reached = new Set(SCENARIOS.map(({ point }) => point.split(":")[0]));
  expect(KILL_POINTS.filter((point) => !reached.has(point))).toEqual([]);
  const work = Array.from({ length: TIMES }, () => SCENARIOS).flat();
  const count = work.length;
  const problems: string[] = [];
  const worker = async () => {
    for (let scenario = work.shift(); scenario !== undefined; scenario = work.shift())
      problems.push(...(await play(scenario, RUNBOOK)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(
    `PROMISE R7 kills=${count} points=${reached.size} broken=${problems.length} ${problems.length === 0 ? "ok" : "BROKEN"}`,
  );
  expect(problems).toEqual([]);
});

test("negative control: a change step that is run again is noticed", { timeout: 20_000 }, async () => {
  const repeating = RUNBOOK.replace("{id: change,", "{id: change, on_interrupt: retry,");
  expect(repeating).not.toBe(RUNBOOK);
  const problems = await play({ point: "after-effect:2", cutOff: "change" }, repeating);
  console.log(`CONTROL R7 change step repeated: ${problems.join("; ")}`);
  expect(problems.join()).toContain("change ran 2 times");
});

test("a run that was claimed and never begun does not start late without asking", {
  timeout: 20_000,
}, async () => {
  const at = createFolder("http://127.0.0.1:9", RUNBOOK);
  at.write({ "nightshift.yml": `${readFileSync(at.configFile, "utf8")}limits: {start_within: 200ms}\n` });
  const port = await freePort();
  const first = await startChild(at, { port, killPoint: "after-claim:1" });
  let second = first;
  try {
    await postAlerts(first.url, [{ labels: { alertname: "Kill", exit: "0" } }]);
    await first.exited;
    second = await startChild(at, { port });
    const run = await waitFor(
      "the end of the run",
      async () => (await listRuns(second.url)).find(isOver),
      10_000,
    );
    expect(run).toMatchObject({ status: "cancelled" });
    expect(linesOf(at)).toEqual([]);
  } finally {
    await second.kill();
    at.remove();
  }
});

/** Everything that is wrong after the kill and the restart; empty when every promise was kept. */
async function play(scenario: Scenario, runbook: string): Promise<string[]> {
  const receiver = await startServer((response) => response.end("ok"));
  const at = createFolder(receiver.url, runbook);
  const port = await freePort();
  const first = await startChild(at, { port, killPoint: scenario.point });
  let second = first;
  try {
    const alert = {
      labels: { alertname: "Kill", exit: scenario.isFailing ? "1" : "0" },
      startsAt: "2026-01-01T00:00:00Z",
    };
    const isTold = await postAlerts(first.url, [alert]).then(
      (answer) => answer.status === 202,
      () => false,
    );
    const gone = await waitFor(`the kill at ${scenario.point}`, () => firstOf(first.exited), 15_000);
    if (gone.signal !== "SIGKILL") return [`${name(scenario)}: the point was not reached`];
    second = await startChild(at, { port });
    if (!isTold) await postAlerts(second.url, [alert]);
    const run = await waitFor(`the outcome after ${scenario.point}`, () => settledRun(second.url), 15_000);
    const problems = judge(scenario, run, linesOf(at));
    problems.push(...(await judgeBundle(at, second.url, run)));
    // Sent again after the change, the alert says that the change did not help; what is known of it otherwise is nothing.
    const isKnown = !isTold && run.outcome === "no_effect";
    if (!isKnown && run.outcome !== "unknown") problems.push(`the outcome is ${run.outcome}`);
    problems.push(...(await judgeNotices(receiver, run)));
    return problems.map((problem) => `${name(scenario)}: ${problem}`);
  } catch (error) {
    return [
      `${name(scenario)}: ${error instanceof Error ? error.message : String(error)}\n${second.log().slice(-2_000)}`,
    ];
  } finally {
    await second.kill();
    at.remove();
  }
}

function createFolder(receiverUrl: string, runbook: string): ServiceFolder {
  const at = createServiceFolder({
    "nightshift.yml": `
notifiers: [{name: phone, webhook: {url: "${receiverUrl}"}}]
notify: [{to: phone, events: [${EVENTS.join(", ")}]}]
`,
    "rules/act.yml": RULE,
  });
  at.write({ "runbooks/act.yml": runbook.replaceAll("STEPS_FILE", join(at.folder, "steps")) });
  return at;
}

function name({ point, isFailing }: Scenario): string {
  return isFailing ? `${point} after a failure` : point;
}

/** What a promise has come to, or null while it is pending. */
function firstOf<Value>(promise: Promise<Value>): Promise<Value | null> {
  return Promise.race([promise, new Promise<null>((resolve) => setImmediate(() => resolve(null)))]);
}

/** The one run, once it has ended, was verified, and the bundle that tells so is sealed. */
async function settledRun(url: string): Promise<RunJson | null> {
  const run = (await listRuns(url)).find(isOver);
  if (run === undefined || run.outcome === null || run.bundle?.revision !== 2) return null;
  return readRun(url, run.id);
}

function linesOf(at: ServiceFolder): string[] {
  const file = join(at.folder, "steps");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

function judge({ cutOff, isFailing, point }: Scenario, run: RunJson, lines: readonly string[]): string[] {
  const problems: string[] = [];
  const stateOf = (id: string) => run.steps.find((step) => step.id === id)?.status ?? "absent";
  const countOf = (id: string) => lines.filter((line) => line === id).length;
  const isInterrupted = cutOff === "change";
  const isFailure = isInterrupted || isFailing === true;
  const expected: Record<string, string> = {
    look: "succeeded",
    change: isFailing ? "failed" : "succeeded",
    rescue: isFailure ? "succeeded" : "skipped",
    tidy: "succeeded",
    ...(cutOff === undefined ? {} : { [cutOff]: "interrupted" }),
  };
  for (const [id, state] of Object.entries(expected))
    if (stateOf(id) !== state) problems.push(`${id} is ${stateOf(id)}, not ${state}`);
  // Cut off anywhere, be it while cleaning up: a person has to look.
  const end = cutOff !== undefined ? "interrupted" : isFailing ? "failed" : "succeeded";
  if (run.status !== end) problems.push(`the run is ${run.status}, not ${end}`);
  for (const id of CHANGES) {
    if (countOf(id) > 1) problems.push(`${id} ran ${countOf(id)} times`);
    if (stateOf(id) === "succeeded" && countOf(id) === 0) problems.push(`${id} succeeded and never ran`);
  }
  const wasReadCutOff = point === "after-intent:1" || point === "after-effect:1";
  const attempts = run.steps.find((step) => step.id === "look")?.attempts ?? 0;
  if (attempts !== (wasReadCutOff ? 2 : 1)) problems.push(`look has ${attempts} attempts`);
  return problems;
}

async function judgeBundle(at: ServiceFolder, url: string, run: RunJson): Promise<string[]> {
  const answer = await fetch(`${url}/api/v1/runs/${run.id}/bundle.zip`);
  if (answer.status !== 200) return [`the bundle is answered with ${answer.status}`];
  const file = join(at.folder, "bundle.zip");
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const report = await verifyBundle(file);
  return [...report.problems, ...(report.isSealed && report.files > 3 ? [] : ["the bundle is not whole"])];
}

/** Each notice arrives; a second time only as a repetition that its receiver can know by its key. */
async function judgeNotices(receiver: TestServer, run: RunJson): Promise<string[]> {
  const told = [run.status, run.outcome ?? ""].filter((event) => EVENTS.includes(event));
  const keys = () =>
    new Map(receiver.seen.map(({ headers, body }) => [String(headers["webhook-id"]), eventOf(body)]));
  const haveCome = () => told.every((event) => [...keys().values()].includes(event));
  await waitFor(`notices of ${told.join()}`, haveCome, 5_000).catch(() => {});
  const got = [...keys().values()].toSorted();
  return got.join() === told.toSorted().join()
    ? []
    : [`told of ${got.join() || "nothing"}, not of ${told.join()}`];
}

function eventOf(body: string): string {
  return (JSON.parse(body) as { data: { event: string } }).data.event;
}
