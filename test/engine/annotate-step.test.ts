// A run marks what it does in Grafana's graphs: against a server that keeps to Grafana's documented contract.
import { expect, test } from "vitest";
import { type GrafanaServer, startGrafana } from "../support/grafana-server.ts";
import { post, runEnded, type Scenario, settings, startScenario, stepsOf } from "./engine-fixture.ts";

const TOKEN = "glsa_0123456789abcdef";
const SLOW = { labels: { alertname: "Slow", instance: "web-1" }, startsAt: "2026-01-01T00:00:00Z" };

function scenario({ url }: GrafanaServer, annotate: string, more = ""): Promise<Scenario> {
  return startScenario({
    "nightshift.yml": settings(`
sources:
  - {name: alertmanager, kind: alertmanager}
  - {name: grafana, kind: grafana, api: {urls: ["${url}"], token: {file: token}}}
secrets: {DB_PASSWORD: {file: password}}`),
    token: `${TOKEN}\n`,
    password: "correct-horse-battery-staple-9\n",
    "rules/all.yml": `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act, with: {host: "\${{ alert.labels.?instance.orValue('') }}"}}]`,
    "runbooks/act.yml": `
name: act
inputs: {host: {type: string}}
target: local
steps:
  - id: act
    run: echo the password is correct-horse-battery-staple-9
  - id: mark
    annotate: ${annotate}
    ${more}
`,
  });
}

test("text, tags and the moment of the attempt, on every dashboard that shows them", async () => {
  const grafana = await startGrafana(TOKEN);
  const at = await scenario(
    grafana,
    `{source: grafana, text: "restarted \${{ inputs.host }}", tags: [nightshift, "host:\${{ inputs.host }}"]}`,
    "outputs: {id: int(json.id)}",
  );
  const beforeMs = Date.now();
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(stepsOf(run)).toEqual({ act: "succeeded", mark: "succeeded" });
  expect(run.steps.find(({ id }) => id === "mark")).toMatchObject({ effect: "read" });
  expect(grafana.annotations).toMatchObject([
    { text: "restarted web-1", tags: ["nightshift", "host:web-1"] },
  ]);
  const [made] = grafana.annotations;
  expect(made?.time).toBeGreaterThanOrEqual(beforeMs);
  expect(made?.time).toBeLessThanOrEqual(Date.now());
  const sent = JSON.parse(grafana.seen.at(-1)?.body ?? "") as object;
  expect(Object.keys(sent).toSorted()).toEqual(["tags", "text", "time"]);
});

test("a region from the alert's start until now, on one panel", async () => {
  const grafana = await startGrafana(TOKEN);
  const at = await scenario(
    grafana,
    `{source: grafana, text: incident, time: "\${{ run.cause.started_at }}", time_end: now, dashboard_uid: jcIIG-07z, panel_id: 2}`,
  );
  await post(at, SLOW);
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
  const [made] = grafana.annotations;
  expect(made).toMatchObject({ time: Date.parse(SLOW.startsAt), dashboardUID: "jcIIG-07z", panelId: 2 });
  expect(made?.timeEnd).toBeGreaterThan(Date.parse(SLOW.startsAt));
});

test("no secret leaves with the text or a tag", async () => {
  const grafana = await startGrafana(TOKEN);
  const at = await scenario(
    grafana,
    `{source: grafana, text: "said: \${{ steps.act.stdout }}", tags: ["\${{ inputs.host }}"]}`,
  );
  await post(at, { ...SLOW, labels: { ...SLOW.labels, instance: "correct-horse-battery-staple-9" } });
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
  expect(grafana.annotations).toMatchObject([
    { text: "said: the password is [redacted:DB_PASSWORD]\n", tags: ["[redacted:DB_PASSWORD]"] },
  ]);
});

test("it is tried again like anything that only reads", async () => {
  const grafana = await startGrafana(TOKEN);
  grafana.failures.push(503, 500);
  const at = await scenario(grafana, "{source: grafana, text: restarted}", "retries: 2\n    delay: 10ms");
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(run.steps.find(({ id }) => id === "mark")).toMatchObject({ status: "succeeded", attempts: 3 });
  expect(grafana.annotations).toHaveLength(1);
});

test("a refusal says what Grafana said", async () => {
  const grafana = await startGrafana("another token");
  const at = await scenario(grafana, "{source: grafana, text: restarted}", "continue_on_error: true");
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(run).toMatchObject({ status: "succeeded" });
  const message = run.steps.find(({ id }) => id === "mark")?.message ?? "";
  expect(message).toContain('answered 401: {"message":"Unauthorized"}');
  expect(JSON.stringify(run)).not.toContain(TOKEN);
});

test.each([
  ["what is no time", '{source: grafana, text: x, time: "${{ inputs.host }}"}', '"web-1" is no time'],
  [
    "an end before its beginning",
    "{source: grafana, text: x, time: now, time_end: 2020-01-01T00:00:00Z}",
    "time_end is before time",
  ],
])("%s is refused before anything is sent", async (_name, annotate, message) => {
  const grafana = await startGrafana(TOKEN);
  const at = await scenario(grafana, annotate, "retries: 3");
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(run.steps.find(({ id }) => id === "mark")).toMatchObject({ status: "failed", attempts: 1 });
  expect(run.steps.find(({ id }) => id === "mark")?.message).toContain(message);
  expect(grafana.seen).toEqual([]);
});
