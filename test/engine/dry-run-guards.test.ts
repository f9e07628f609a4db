// What holds for a dry run, and what it does not count for.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runViewCommand } from "../../src/cli/run.ts";
import { downloadBundle } from "../e2e/bundle.ts";
import { readRun, type RunJson } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { notesOf, openGate, type Scenario, startScenario, waitAt } from "./engine-fixture.ts";

interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

async function send({ app }: Scenario, path: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${app.url}/api/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const start = (scenario: Scenario, isDryRun: boolean) =>
  send(scenario, "/runbooks/act/runs", { dry_run: isDryRun });

async function ended(scenario: Scenario, { status, json }: Answer): Promise<RunJson> {
  expect([status, json]).toMatchObject([202, {}]);
  return waitFor(
    "the end of the run",
    async () => {
      const run = await readRun(scenario.app.url, String(json["id"]));
      return ["queued", "running"].includes(run.status) ? null : run;
    },
    LIMIT_MS,
  );
}

/** On a busy machine. */
const LIMIT_MS = 30_000;

const runbook = (keys: string) => `
name: act
${keys}
target: web-1
steps:
  - {id: look, target: local, effect: read, run: exit 0}
  - {id: change, target: local, run: echo changed >> FOLDER/notes}
`;

describe("a dry run is not held by what limits changes, and takes nothing of it", () => {
  test.each([
    ["a rate limit", "guards: {rate_limit: {max: 1, per: 1h}}", "rate_limit"],
    ["a limit for each person", "guards: {per_user: {max: 1, per: 1d}}", "per_user"],
  ])("%s", async (_, keys, reason) => {
    const scenario = await startScenario({
      "runbooks/act.yml": runbook(keys).replace("target: web-1\n", ""),
    });
    for (let times = 0; times < 3; times += 1)
      expect(await ended(scenario, await start(scenario, true))).toMatchObject({ status: "succeeded" });
    expect(await ended(scenario, await start(scenario, false))).toMatchObject({ status: "succeeded" });
    expect(await start(scenario, false)).toMatchObject({ status: 409, json: { reason } });
    expect(await ended(scenario, await start(scenario, true))).toMatchObject({ status: "succeeded" });
    expect(notesOf(scenario)).toEqual(["changed"]);
  });

  test("times at which nothing may be changed, an approval, and what is to be typed", async () => {
    const never = "{name: never, time_intervals: [{years: ['2000']}]}";
    const scenario = await startScenario({
      "nightshift.yml": `notifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed]}]\ntime_intervals: [${never}]\n`,
      "runbooks/act.yml": runbook(
        "inputs: {part: {type: choice, options: [a], default: a}}\nguards: {active: [never]}\napproval: {timeout: 1h}\nconfirm: {type_value_of: part}",
      ).replace("target: web-1\n", ""),
    });
    expect(await start(scenario, false)).toMatchObject({ status: 422 });
    expect(await ended(scenario, await start(scenario, true))).toMatchObject({ status: "succeeded" });
    expect(notesOf(scenario)).toEqual([]);
  });
});

describe("what holds for a dry run", () => {
  test("a pause: it is not made", async () => {
    const scenario = await startScenario({ "runbooks/act.yml": runbook("").replace("target: web-1\n", "") });
    await send(scenario, "/pauses", {
      name: "freeze",
      scope: "all",
      reason: "r",
      until: "2999-01-01T00:00:00Z",
    });
    expect(await start(scenario, true)).toMatchObject({ status: 409, json: { reason: "paused" } });
  });

  test("a lock: it waits for the run that has it, and the next run waits for it", async () => {
    const scenario = await startScenario({
      "runbooks/act.yml": `
name: act
guards: {locks: [pool]}
target: local
steps:
  - {id: look, effect: read, run: '${waitAt("gate")}'}
  - {id: change, run: echo changed >> FOLDER/notes}
`,
    });
    const first = await start(scenario, true);
    await waitFor("the first to begin", async () => {
      const run = await readRun(scenario.app.url, String(first.json["id"]));
      return run.status === "running" ? run : null;
    });
    const second = await start(scenario, false);
    const third = await start(scenario, true);
    expect([second.json["reason"], third.json["reason"]]).toEqual(["lock", "lock"]);
    openGate(scenario, "gate");
    for (const one of [first, second, third])
      expect(await ended(scenario, one)).toMatchObject({ status: "succeeded" });
    expect(notesOf(scenario)).toEqual(["changed"]);
  });

  test("an assert: it does not begin", async () => {
    const scenario = await startScenario({
      "runbooks/act.yml": runbook(
        'asserts: [{name: two, prometheus: up, expect: value >= 2.0, message: "Fewer than two.", before: [change]}]',
      ).replace("target: web-1\n", ""),
    });
    const run = await ended(scenario, await start(scenario, true));
    expect(run.status).toBe("cancelled");
    expect(run.message).toContain("it is not known whether this holds: two");
  });
});

test("nobody is told of a dry run that fails, and neither statistics nor metrics count it", async () => {
  const scenario = await startScenario({
    "nightshift.yml":
      "notifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed, interrupted]}]\n",
    "runbooks/act.yml": runbook("").replace("target: web-1\n", "").replace("exit 0", "exit 1"),
  });
  const dry = await ended(scenario, await start(scenario, true));
  const real = await ended(scenario, await start(scenario, false));
  expect([dry.status, real.status]).toEqual(["failed", "failed"]);
  const { reader } = scenario.app.store;
  const told = await reader.selectFrom("outbox").select("run_id").where("action", "=", "notify").execute();
  expect(told.map((row) => row.run_id)).toEqual([real.id]);
  const counted = await waitFor(
    "the statistics",
    async () => {
      const rows = await reader.selectFrom("run").select(["id", "counted"]).execute();
      return rows.every((row) => row.counted > 0) ? rows : null;
    },
    LIMIT_MS,
  );
  expect(counted).toHaveLength(2);
  const ends = await reader
    .selectFrom("stat_series")
    .innerJoin("stat_count", "stat_count.series", "stat_series.id")
    .select(["stat_series.runbook", "stat_count.count"])
    .where("stat_series.measure", "=", "end")
    .execute();
  expect(new Set(ends.map((row) => Number(row.count)))).toEqual(new Set([1]));
  const metrics = await (await fetch(`${scenario.app.url}/metrics`)).text();
  expect(metrics).toMatch(/^nightshift_runs_finished_total\{[^}]*status="failed"[^}]*\} 1$/m);
});

test("its bundle, its page and the command line say that it was a dry run", async () => {
  const scenario = await startScenario({
    "runbooks/act.yml": `${runbook("").replace("target: web-1\n", "")}  - {id: tell, notify: {to: log, text: done}}\n`,
  });
  const run = await ended(scenario, await start(scenario, true));
  await waitFor("the bundle", async () => (await readRun(scenario.app.url, run.id)).bundle);
  const bundle = await downloadBundle(
    `${scenario.app.url}/api/v1/runs/${run.id}/bundle.zip`,
    join(scenario.at.folder, "bundle"),
  );
  const summary = await bundle.text("summary.md");
  expect(summary).toMatch(/^# act on local: succeeded \(dry run\)\n/);
  expect(summary).toContain("This was a dry run");
  expect(summary).toContain("## Who was told\n\nNobody.");
  expect(await bundle.text("README.md")).toContain("This was a dry run");
  expect(JSON.parse(await bundle.text("run.json"))).toMatchObject({ dry_run: true });
  expect(await bundle.text("audit.jsonl")).not.toContain("step.started");
  expect(await bundle.text("steps/02-change/stdout.log")).toContain("would run this script with sh on local");
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const flags = { server: scenario.app.url, format: "text" } as const;
  expect(await runViewCommand(run.id, flags, { stdout: { write }, stderr: { write } })).toBe(0);
  expect(written.join("")).toContain("succeeded (dry run)");
});
