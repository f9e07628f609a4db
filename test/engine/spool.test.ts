// The archive as large as it may be: evidence is left out before any service is left alone, and the run says so.
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createRollUp } from "../../src/store/rollups.ts";
import type { RunJson } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  post,
  runEnded,
  runsEnded,
  type Scenario,
  settings,
  startScenario,
  stepsOf,
} from "./engine-fixture.ts";

const RULES = `
rules:
  - {name: act, mode: auto, matchers: [n != ""], runbook: work}
`;

const runbook = ({ critical = false, effect = "change" }) => `
name: work
target: local
steps:
  - {id: first, collect: {paths: ["FOLDER/evidence/a"]}}
  - {id: second, critical: ${critical}, collect: {paths: ["FOLDER/evidence/b"]}}
  - {id: third, critical: ${critical}, collect: {paths: ["FOLDER/evidence/a"]}}
  - {id: change, effect: ${effect}, run: echo changed}
`;

/** Room for one file of evidence, and a half of the second. */
async function crowded(changes: Parameters<typeof runbook>[0] = {}): Promise<Scenario> {
  const file = () => randomBytes(60 * 1024).toString("hex");
  return startScenario({
    "nightshift.yml": settings(`
retention: {max_bytes: 100KiB}
limits: {spool_bytes: 100KiB}
storage: {ballast: 0B}
`),
    "hosts.yml": 'hosts: [{name: local, readable: ["FOLDER/evidence/**"]}]\n',
    "rules/act.yml": RULES,
    "runbooks/work.yml": runbook(changes),
    "evidence/a": file(),
    "evidence/b": file(),
  });
}

async function errorsOf(scenario: Scenario, run: RunJson): Promise<string[]> {
  await waitFor("the bundle", async () => (await bundleOf(scenario, run.id)) !== null);
  const rows = await scenario.app.store.reader
    .selectFrom("run_problem")
    .select(["step_id", "message"])
    .where("run_id", "=", run.id)
    .orderBy("id")
    .execute();
  return rows.map(({ step_id: step, message }) => `${step}: ${message}`);
}

async function bundleOf({ app }: Scenario, id: string): Promise<unknown> {
  return ((await (await fetch(`${app.url}/api/v1/runs/${id}`)).json()) as RunJson).bundle;
}

async function archiveOf({
  app,
}: Scenario): Promise<{ size: number | null; spool: number; spool_max: number }> {
  const status = (await (await fetch(`${app.url}/api/v1/status`)).json()) as {
    storage: { archive: { size: number | null; spool: number; spool_max: number } };
  };
  return status.storage.archive;
}

test("the rest of the evidence is left out and said to be, the change is made, and the bundle is sealed", async () => {
  const scenario = await crowded();
  await post(scenario, { labels: { alertname: "A", n: "1" } });
  const run = await runEnded(scenario);
  expect(run.status).toBe("succeeded");
  expect(stepsOf(run)).toMatchObject({ change: "succeeded" });
  const errors = await errorsOf(scenario, run);
  const full = "the archive may have no more than 200.0 KiB (retention.max_bytes and limits.spool_bytes)";
  expect(errors.filter((each) => each.includes(full)).map((each) => each.split(":")[0])).toEqual([
    "second",
    "third",
  ]);
  const { artifacts } = (await artifactsOf(scenario, run.id)) as { artifacts: string[] };
  expect(artifacts).toContain("steps/04-change/attempt-1/stdout.log");
  const archive = await archiveOf(scenario);
  expect(archive.spool_max).toBe(100 * 1024);
  expect(archive.spool).toBeGreaterThan(50 * 1024);
  const metrics = await (await fetch(`${scenario.app.url}/metrics`)).text();
  expect(metrics).toMatch(/nightshift_evidence_left_out_total\{because="archive-full"\} [1-9]/);
  expect(metrics).toMatch(/nightshift_spool_bytes [1-9]/);
});

test("critical evidence for which there is no room fails the run before its change", async () => {
  const scenario = await crowded({ critical: true });
  await post(scenario, { labels: { alertname: "A", n: "1" } });
  const run = await runEnded(scenario);
  expect([run.status, run.failed_step]).toEqual(["failed", "third"]);
  expect(stepsOf(run)["change"]).not.toBe("succeeded");
});

test("retention makes room again: the next run gathers what the first one had to leave out", async () => {
  // After a change the evidence would be needed until the outcome is known.
  const scenario = await crowded({ effect: "read" });
  await post(scenario, { labels: { alertname: "A", n: "1" } });
  const first = await runEnded(scenario);
  await errorsOf(scenario, first);
  // The evidence of a run stays while its alert is open.
  await post(scenario, { labels: { alertname: "A", n: "1" }, status: "resolved" });
  // And until the statistics have counted it.
  const archive = await waitFor("an empty archive", async () => {
    const { store, engine } = scenario.app;
    await createRollUp(store).step(await store.nowMs(store.reader));
    await engine.retention.pass({ isDryRun: false, isThorough: false, removesUnknown: false });
    const found = await archiveOf(scenario);
    return found.size === 0 ? found : null;
  });
  expect(archive.spool).toBe(0);
  await post(scenario, { labels: { alertname: "A", n: "2" } });
  const [, second] = await runsEnded(scenario, 2);
  const { artifacts } = (await artifactsOf(scenario, second?.id ?? "")) as { artifacts: string[] };
  expect(artifacts.filter((path) => path.startsWith("files/"))).not.toEqual([]);
});

async function artifactsOf({ app }: Scenario, id: string): Promise<{ artifacts: string[] }> {
  const body = (await (await fetch(`${app.url}/api/v1/runs/${id}/artifacts`)).json()) as {
    items: { path: string }[];
  };
  return { artifacts: body.items.map(({ path }) => path) };
}
