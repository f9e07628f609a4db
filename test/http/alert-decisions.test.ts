// What the list of alerts says that was done about each, how alerts are found by it, and who is not told.
import { expect, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, itemsOf, startControls } from "./controls-fixture.ts";
import { ask, startAccess, tokensOf } from "./login/login-fixture.ts";

async function post(url: string, names: readonly string[]): Promise<void> {
  const alerts = names.map((alertname) => ({ labels: { alertname } }));
  const response = await fetch(`${url}/webhooks/alertmanager`, {
    method: "POST",
    body: alertmanagerBody(alerts),
  });
  expect(response.status).toBe(202);
}

const nameOf = (alert: Record<string, unknown>) => (alert["labels"] as Record<string, string>)["alertname"];

test("each alert has what was decided last, and is found by it", async () => {
  const service = await startControls();
  await post(service.app.url, ["Slow", "Full", "Other"]);
  const alerts = new Map((await itemsOf(service, "/alerts")).map((alert) => [nameOf(alert), alert]));
  expect(alerts.get("Slow")?.["decision"]).toMatchObject({
    kind: "started",
    rule: "act",
    reason: null,
    runbook: "act",
    run: expect.stringMatching(/^[0-9a-f-]{36}$/),
    at: expect.stringMatching(/Z$/),
  });
  expect(alerts.get("Full")?.["decision"]).toMatchObject({
    kind: "waiting_person",
    rule: "ask",
    run_status: "waiting_person",
  });
  expect(alerts.get("Other")?.["decision"]).toMatchObject({ kind: "no_match", rule: null, run: null });
  const find = async (query: string) => (await itemsOf(service, `/alerts?${query}`)).map(nameOf);
  expect(await find("decision=no_match")).toEqual(["Other"]);
  expect(await find("decision=started")).toEqual(["Slow"]);
  expect(await find("rule=ask")).toEqual(["Full"]);
  expect(await find("reason=cooldown")).toEqual([]);
  expect(await find("source=grafana")).toEqual([]);
  expect(new Set(await find("source=alertmanager&status=firing"))).toEqual(
    new Set(["Slow", "Full", "Other"]),
  );
  expect(await find(`decision=no_match&filter=${encodeURIComponent('alertname="Slow"')}`)).toEqual([]);
  const id = String(alerts.get("Slow")?.["id"]);
  expect((await call(service, "GET", `/alerts/${id}`)).json).toMatchObject({
    decision: { kind: "started" },
    silences: [],
  });
  expect(await itemsOf(service, "/runs?rule=act")).toHaveLength(1);
  expect(await itemsOf(service, "/runs?rule=nothing")).toEqual([]);
});

test.each([
  ["decision", "closed", "decision is one of started"],
  ["reason", "because", "reason is one of paused"],
  ["outcome", "good", "outcome is one of fixed"],
])("%s=%s is a 400 that says what there is", async (name, value, detail) => {
  const service = await startControls();
  const answer = await call(service, "GET", `/alerts?${name}=${value}`);
  expect([answer.status, answer.json["detail"]]).toEqual([400, expect.stringContaining(detail)]);
});

test("whom a runbook is hidden from sees that it was decided on, and not the run", async () => {
  const service = await startAccess({
    "rules/all.yml": `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: fix}]\n`,
    "runbooks/fix.yml": `
name: fix
access: {run: ["group:runners"], view: ["group:runners"]}
steps: [{id: fix, command: [echo, fixed], effect: read, target: local}]
`,
  });
  const tokens = await tokensOf(service);
  await post(service.app.url, ["Slow"]);
  const decisionFor = (token: string) =>
    waitFor("the alert", async () => {
      const { json } = await ask(service, "GET", "/alerts", { token });
      return (json["items"] as Record<string, unknown>[])[0]?.["decision"];
    });
  expect(await decisionFor(tokens.rosa)).toMatchObject({ kind: "started", rule: "act", runbook: "fix" });
  expect(await decisionFor(tokens.vera)).toMatchObject({
    kind: "started",
    rule: "act",
    runbook: null,
    run_status: null,
    run: null,
  });
});

test("the sources say where each posts to and how it proves who it is, and no secret", async () => {
  const service = await startControls({
    "nightshift.yml": `
web: {external_url: "https://nightshift.example.net"}
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted, approval]}]
sources:
  - {name: prod, kind: alertmanager, auth: {bearer: {env: PATH}}}
  - {name: graphs, kind: grafana}
`,
  });
  const { json } = await call(service, "GET", "/sources");
  const shared = { api: false };
  expect(json).toEqual({
    items: [
      {
        ...shared,
        name: "graphs",
        kind: "grafana",
        auth: "none",
        url: "https://nightshift.example.net/webhooks/graphs",
      },
      {
        ...shared,
        name: "prod",
        kind: "alertmanager",
        auth: "bearer",
        url: "https://nightshift.example.net/webhooks/prod",
      },
    ],
    next: null,
  });
  const first = await call(service, "GET", "/sources?limit=1");
  expect(first.json["next"]).toBe("graphs");
  expect(await itemsOf(service, "/sources?after=graphs")).toHaveLength(1);
});
