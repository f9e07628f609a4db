// What the service says of itself: metrics that Prometheus can read, and a log that holds neither payloads nor secrets.
import { spawnSync } from "node:child_process";
import { Writable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { createLog } from "../../src/platform/log.ts";
import { alertmanagerBody, isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const open: { app?: App; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.app?.stop();
  open.at?.remove();
});

const RULES = `
rules:
  - {name: look, mode: auto, matchers: ['service != ""'], runbook: look, with: {words: "\${{ alert.labels.service }}"}}
`;
const RUNBOOK = `
name: look
inputs: {words: {type: string}}
target: local
steps:
  - {id: say, effect: read, command: [echo, "\${{ inputs.words }}"]}
  - {id: fail, effect: read, command: [sh, -c, 'echo "$WORDS" >&2; exit 3'], env: {WORDS: "\${{ inputs.words }}"}}
`;
const SECRETS = {
  bearer: "s3cr3t-bearer-token",
  hmac: "s3cr3t-hmac-key",
  notify: "s3cr3t-notify-token",
  prometheus: "s3cr3t-prometheus",
};
const SETTINGS = `
sources:
  - {name: am, kind: alertmanager}
  - {name: bearer, kind: alertmanager, auth: {bearer: {file: bearer}}}
  - {name: hmac, kind: grafana, auth: {hmac: {secret: {file: hmac}}}}
prometheus: {url: "http://127.0.0.1:9", token: {file: prometheus}}
notifiers:
  - {name: log, log: {}}
notify: [{to: log, events: [failed, interrupted]}]
`;

/** As the interface names them; those whose stage exists. */
const NAMES = `
build_info config_last_reload_successful config_last_reload_success_timestamp_seconds deliveries_total
source_last_delivery_timestamp_seconds alerts_received_total decisions_total rule_matches_total runs_started_total
runs_finished_total run_outcomes_total run_duration_seconds steps_finished_total intake_duration_seconds
alert_to_first_step_seconds queue_depth queue_oldest_age_seconds ssh_connect_failures_total approvals_pending
pauses_active breakers_open
`
  .trim()
  .split(/\s+/);

async function start(): Promise<{ app: App; log: string[] }> {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  open.at = createServiceFolder({
    "nightshift.yml": SETTINGS,
    "rules/look.yml": RULES,
    "runbooks/look.yml": RUNBOOK,
    ...SECRETS,
  });
  open.app = await startService(open.at, { log: createLog({ level: "debug", format: "json", stream }) });
  return { app: open.app, log: lines };
}

/** Everything that can be logged about a delivery: taken, repeated, refused for each reason, run, failed. */
async function exercise(app: App): Promise<void> {
  const labels = { alertname: "P4YL0AD-name", service: "P4YL0AD-service" };
  const annotations = { summary: "P4YL0AD-summary" };
  for (let time = 0; time < 2; time += 1) await postAlerts(app.url, [{ labels, annotations }], "am");
  const deliver = (source: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${app.url}/webhooks/${source}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
  const body = alertmanagerBody([{ labels, annotations }]);
  await deliver("bearer", body, { authorization: `Bearer ${SECRETS.bearer}` });
  await deliver("bearer", body, { authorization: `Bearer ${SECRETS.bearer}-wrong` });
  await deliver("hmac", body, { "x-grafana-alerting-signature": "P4YL0AD-signature" });
  await deliver("am", '{"P4YL0AD": ');
  await deliver(
    "am",
    JSON.stringify({ version: "4", alerts: [{ status: "P4YL0AD", labels: { P4YL0AD: 1 } }] }),
  );
  await deliver("am", "P4YL0AD", { "content-encoding": "gzip" });
  await deliver("P4YL0AD-source", body);
  await fetch(`${app.url}/P4YL0AD?token=${SECRETS.notify}`);
  await waitFor("the run", async () =>
    (await listRuns(app.url)).find((run) => isOver(run) && run.bundle !== null),
  );
  await fetch(`${app.url}/-/reload`, { method: "POST" });
}

describe("metrics", () => {
  test("have the names of the interface, with help, type and the prefix of the service", async () => {
    const { app } = await start();
    await exercise(app);
    const text = await (await fetch(`${app.url}/metrics`)).text();
    for (const name of NAMES) {
      expect(text).toContain(`# HELP nightshift_${name} `);
      expect(text).toContain(`# TYPE nightshift_${name} `);
    }
    const value = (line: string) =>
      Number(
        text
          .split("\n")
          .find((each) => each.startsWith(`${line} `))
          ?.split(" ")
          .at(-1),
      );
    expect(value('nightshift_deliveries_total{source="am",result="accepted"}')).toBe(2);
    expect(value('nightshift_deliveries_total{source="bearer",result="unauthenticated"}')).toBe(1);
    expect(value('nightshift_deliveries_total{source="unknown",result="unknown_source"}')).toBe(1);
    expect(value('nightshift_decisions_total{kind="started",reason=""}')).toBe(2);
    expect(value('nightshift_runs_finished_total{runbook="look",status="failed"}')).toBeGreaterThanOrEqual(1);
    expect(text).not.toContain("P4YL0AD");
  });

  test("are what Prometheus reads", async (context) => {
    if (spawnSync("promtool", ["--version"]).error !== undefined) {
      console.warn("skipped: promtool check metrics; promtool is not installed");
      context.skip();
    }
    const { app } = await start();
    await exercise(app);
    const response = await fetch(`${app.url}/metrics`);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const own = text.split("\n").filter((line) => /^(# \w+ )?nightshift_/.test(line));
    const checked = spawnSync("promtool", ["check", "metrics"], {
      input: `${own.join("\n")}\n`,
      encoding: "utf8",
    });
    expect([checked.status, checked.stdout, checked.stderr]).toEqual([0, "", ""]);
    const whole = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    // 3: style only; what Node's own metrics are called is not ours.
    expect([0, 3]).toContain(whole.status);
    expect(whole.stderr).not.toMatch(/error while/i);
  });
});

test("the log at debug level holds no payload and no secret", async () => {
  const { app, log } = await start();
  await exercise(app);
  await app.stop();
  delete open.app;
  const text = log.join("");
  expect(log.length).toBeGreaterThan(10);
  expect(text).toContain("delivery refused");
  for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
  // A notifier of kind log was asked to write the alert's name there.
  const told = log.filter((line) => line.includes("P4YL0AD") && !line.includes('"notifier":"log"'));
  expect(told).toEqual([]);
});

test("no answer and no column in clear holds a secret of the settings", async () => {
  const { app } = await start();
  await exercise(app);
  const seen: string[] = [];
  for (const path of ["/", "/api/v1/runs", "/api/v1/alerts", "/metrics", "/-/ready"])
    seen.push(await (await fetch(`${app.url}${path}`)).text());
  for (const table of ["delivery", "decision", "run", "step", "attempt", "outbox", "runbook_text"] as const)
    seen.push(JSON.stringify(await app.store.reader.selectFrom(table).selectAll().execute()));
  for (const secret of Object.values(SECRETS)) expect(seen.join("\n")).not.toContain(secret);
});
