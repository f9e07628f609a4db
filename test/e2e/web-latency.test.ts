// The whole promise with nothing made up: Debian's Prometheus and Alertmanager, OpenSSH, a web service that becomes slow,
// and Nightshift as people start it.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { sshdAbsence } from "../support/sshd.ts";
import { waitFor } from "../support/wait.ts";
import { downloadBundle } from "./bundle.ts";
import { INSTANCE, LATENCY, SLOW_SECONDS } from "./configuration.ts";
import { type AlertJson, readAlert, untilRun } from "./nightshift-api.ts";
import { missingPrograms } from "./programs.ts";
import { type Stack, startStack } from "./stack.ts";

const missing = [
  ...missingPrograms({ prometheus: "prometheus", "prometheus-alertmanager": "prometheus-alertmanager" }),
  ...missingPrograms({ unzip: "unzip", tar: "tar", sha256sum: "coreutils", setsid: "util-linux" }),
  ...(sshdAbsence === null ? [] : [sshdAbsence]),
];
if (missing.length > 0) console.warn(`skipped: the end-to-end test. ${missing.join("; ")}`);

describe.skipIf(missing.length > 0)("with a real Prometheus, Alertmanager and sshd", () => {
  const started: { stack?: Stack } = {};
  beforeAll(async () => {
    started.stack = await startStack();
  });
  afterAll(() => started.stack?.stop());

  function useStack(): Stack {
    const { stack } = started;
    if (stack === undefined) throw new Error("nothing was started");
    onTestFailed(async () => console.error(await stack.logs()));
    return stack;
  }

  test("takes nothing in without the token of the source", async () => {
    const { nightshiftUrl } = useStack().places;
    const response = await postAlerts(nightshiftUrl, [{ labels: { alertname: "WebLatencyHigh" } }]);
    expect(response.status).toBe(401);
  });

  test("restarts a slow service, keeps the evidence, and says fixed", { timeout: 90_000 }, async () => {
    const stack = useStack();
    const { places, people } = stack;
    const url = places.nightshiftUrl;
    await waitFor("the usual latency to be measured", () => isFast(places.prometheusUrl), 15_000);
    const slowPid = await stack.webPid();
    await fetch(`${places.webUrl}/leak`, { method: "POST" });

    const run = await untilRun(url, "web-latency", "the run's end", isOver);
    expect(run).toMatchObject({ status: "succeeded", failed_step: null, message: null });
    expect(run.steps.map(({ id, status }) => `${id} ${status}`)).toEqual([
      "graph succeeded",
      "logs succeeded",
      "snapshot succeeded",
      "latency succeeded",
      "restart succeeded",
      "healthy succeeded",
      "fast_again succeeded",
      "settle succeeded",
      "graph_after succeeded",
      "tell succeeded",
    ]);
    expect(run.inputs).toEqual({ host: "web-1", instance: INSTANCE });
    expect(run.summary).toBe("The shop on web-1: restart succeeded, health check succeeded.\n");
    const freshPid = await stack.webPid();
    expect(freshPid).not.toBe(slowPid);

    const judged = await untilRun(url, "web-latency", "its outcome", (each) => each.bundle?.revision === 2);
    expect(judged).toMatchObject({
      status: "succeeded",
      outcome: "fixed",
      outcome_because: "the alert recovered after the change and stayed so",
    });

    const alert = await readAlert(url, "WebLatencyHigh");
    expect(alert).toMatchObject({ status: "resolved", outcome: "fixed", runs: [run.id] });
    expect(alert.labels).toMatchObject({ instance: INSTANCE, service: "shop", severity: "page" });
    expect(alert.decisions).toMatchObject([
      { kind: "started", rule: "web-latency", reason: null, run: run.id },
      { kind: "closed" },
    ]);
    // Alertmanager has sent it again and again, and nothing came of that.
    expect(alert.repeats).toBeGreaterThan(0);
    expect(await listRuns(url)).toHaveLength(1);
    expect(people.notices.map(({ type, data }) => [type, data.title, data.run])).toEqual([
      ["nightshift.step", "Restarted web-1", run.id],
    ]);
    await expectEvidence(places.folder, `${url}/api/v1/runs/${run.id}`, { slowPid, freshPid, alert });
    const page = await fetch(`${url}/a/${alert.fingerprint}`, { headers: { accept: "text/html" } });
    expect([page.status, new URL(page.url).pathname]).toEqual([200, `/alerts/${alert.id}`]);
  });

  test("says unknown when people silence the alert while it is watched", {
    timeout: 60_000,
  }, async () => {
    const { places, people } = useStack();
    const url = places.nightshiftUrl;
    await fetch(`${places.webUrl}/jobs`, { method: "POST" });
    const run = await untilRun(url, "stuck-jobs", "the run's end", isOver);
    expect(run.status).toBe("succeeded");
    await silence(places.alertmanagerUrl, "WebJobsStuck");

    const judged = await untilRun(url, "stuck-jobs", "its outcome", (each) => each.outcome !== null);
    expect(judged).toMatchObject({
      id: run.id,
      outcome: "unknown",
      outcome_because: "the alert is silenced or inhibited, so its recovery cannot be seen",
    });
    expect(await readAlert(url, "WebJobsStuck")).toMatchObject({ status: "firing", outcome: "unknown" });
    const notice = await waitFor("people to be told", () =>
      people.notices.find(({ data }) => data.run === run.id),
    );
    expect(notice.type).toBe("nightshift.unknown");
  });

  test("does not say fixed when the alert goes away because nothing is measured any more", {
    timeout: 60_000,
  }, async () => {
    const { places } = useStack();
    const url = places.nightshiftUrl;
    await fetch(`${places.webUrl}/age`, { method: "POST" });
    const judged = await untilRun(url, "too-old", "its outcome", (each) => each.outcome !== null);
    expect(judged).toMatchObject({ status: "succeeded", outcome: "unknown" });
    expect(judged.outcome_because).toBe(
      `the target ${INSTANCE} of job web is down: the alert may have gone only because nothing is measured`,
    );
    expect(await readAlert(url, "WebTooOld")).toMatchObject({ status: "resolved", outcome: "unknown" });
  });
});

interface Happened {
  readonly slowPid: number;
  readonly freshPid: number;
  readonly alert: AlertJson;
}

/** What the responder downloads in the morning has everything, and can be shown to be whole. */
async function expectEvidence(folder: string, runUrl: string, happened: Happened): Promise<void> {
  const { slowPid, freshPid, alert } = happened;
  const zip = await downloadBundle(`${runUrl}/bundle.zip`, join(folder, "zip"));
  const log = `files/web-1${folder}/web-1/log/web.log`;
  expect(zip.paths).toEqual(expect.arrayContaining([...BUNDLE_PATHS, log]));
  // Each file but the list itself is in the list.
  expect(zip.checked.toSorted()).toEqual(
    zip.paths.filter((path) => path !== "SHA256SUMS").map((path) => `${path}: OK`),
  );

  const logText = await zip.text(log);
  expect(logText).toContain(`pid=${slowPid} POST /leak 204`);
  expect(logText).toMatch(new RegExp(`pid=${slowPid} GET / 200 (?:[6-9]\\d\\d|\\d{4,})ms`));
  // The evidence is from before the change.
  expect(logText).not.toContain(`pid=${freshPid} `);
  expect(await zip.text("steps/03-snapshot/stdout.log")).toContain("load average");
  expect(await zip.text("steps/05-restart/stdout.log")).toBe(`ended ${slowPid}, started ${freshPid}\n`);

  // Fast, slow, fast again: the graphs show it.
  const before = valuesOf(await zip.text("metrics/latency-before.json"));
  expect(before.at(0)).toBeLessThan(SLOW_SECONDS);
  expect(before.at(-1)).toBeGreaterThan(SLOW_SECONDS);
  expect(valuesOf(await zip.text("metrics/latency-after.json")).at(-1)).toBeLessThan(SLOW_SECONDS);
  expect(await zip.text("metrics/latency-before.svg")).toMatch(/^<svg [^]*Latency before[^]*class="line/);
  expect(JSON.parse(await zip.text("alert.json"))).toMatchObject({
    fingerprint: alert.fingerprint,
    starts_at: alert.starts_at,
    labels: alert.labels,
    status: "resolved",
  });
  expect(await zip.text("errors.txt")).toBe("Nothing failed, and nothing was missed.\n");
  const summary = await zip.text("summary.md");
  expect(summary).toContain("Outcome: fixed: the alert recovered after the change and stayed so");
  expect(summary).toMatch(/## Who was told\n\n- step `tell`: /);

  const tar = await downloadBundle(`${runUrl}/bundle.tar.gz`, join(folder, "tar"));
  expect(tar.paths).toEqual(zip.paths);
  expect(await tar.text("SHA256SUMS")).toBe(await zip.text("SHA256SUMS"));
}

const BUNDLE_PATHS = `
  README.md summary.md run.json inputs.json alert.json decision.json runbook.yml audit.jsonl errors.txt manifest.json SHA256SUMS
  metrics/latency-before.json metrics/latency-before.svg metrics/latency-after.json metrics/latency-after.svg
  steps/01-graph/meta.json steps/02-logs/meta.json steps/06-healthy/meta.json steps/10-tell/meta.json
  steps/03-snapshot/meta.json steps/03-snapshot/stdout.log steps/03-snapshot/stderr.log
  steps/05-restart/meta.json steps/05-restart/stdout.log steps/05-restart/stderr.log`
  .trim()
  .split(/\s+/);

/** The values of the one series, without the NaN that a rate of no requests gives: 0 seconds for 0 requests. */
function valuesOf(text: string): readonly number[] {
  const { query, result } = JSON.parse(text) as {
    query: string;
    result: readonly { values: readonly (readonly [number, string])[] }[];
  };
  expect(query).toContain(`{instance="${INSTANCE}"}`);
  expect(result).toHaveLength(1);
  return result.flatMap(({ values }) => values.map(([, value]) => Number(value))).filter(Number.isFinite);
}

async function isFast(prometheusUrl: string): Promise<boolean> {
  const answer = await fetch(
    `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(`${LATENCY} < ${SLOW_SECONDS}`)}`,
  );
  const { data } = (await answer.json()) as { data: { result: readonly unknown[] } };
  return data.result.length > 0;
}

/** As a person does it in Alertmanager's page. */
async function silence(alertmanagerUrl: string, alertname: string): Promise<void> {
  const response = await fetch(`${alertmanagerUrl}/api/v2/silences`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      matchers: [{ name: "alertname", value: alertname, isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: "someone on call",
      comment: "looking into it",
    }),
  });
  if (response.status !== 200) throw new Error(`no silence: ${await response.text()}`);
}
