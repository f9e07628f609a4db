// What a running service does with its own files: hosts that no rule may change, and reloads that are taken on whole or not at all.
import { expect, test } from "vitest";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { onTestFinished } from "vitest";
import type { App } from "../../src/app.ts";
import type { ConfigurationFiles, ServiceFolder } from "../support/service.ts";

async function open(files: ConfigurationFiles): Promise<{ app: App; at: ServiceFolder }> {
  const at = createServiceFolder(files);
  const app = await startService(at);
  onTestFinished(async () => {
    await app.stop();
    at.remove();
  });
  return { app, at };
}

const HOSTS = "hosts: [{name: local, automation: off}]\n";
const RULE = `
rules:
  - {name: change, mode: auto, matchers: ['alertname = "Change"', 'on != ""'], runbook: change, with: {on: "\${{ alert.labels.on }}"}}
  - {name: look, mode: auto, matchers: ['alertname = "Look"', 'on != ""'], runbook: look, with: {on: "\${{ alert.labels.on }}"}}
`;
const runbook = (name: string, effect: string) => `
name: ${name}
inputs: {on: {type: host}}
target: \${{ inputs.on }}
steps: [{id: one, effect: ${effect}, command: ["true"]}]
`;
const FILES = {
  "hosts.yml": HOSTS,
  "rules/r.yml": RULE,
  "runbooks/change.yml": runbook("change", "change"),
  "runbooks/look.yml": runbook("look", "read"),
};

interface AlertJson {
  readonly decisions: readonly { readonly kind: string; readonly reason: string | null }[];
}

async function readDecisions(url: string): Promise<AlertJson["decisions"]> {
  const list = (await (await fetch(`${url}/api/v1/alerts`)).json()) as { items: { id: string }[] };
  const alert = (await (await fetch(`${url}/api/v1/alerts/${list.items[0]?.id}`)).json()) as AlertJson;
  return alert.decisions;
}

test("refuses to change a host whose automation is off, and still lets rules look at it", async () => {
  const { app } = await open(FILES);
  await postAlerts(app.url, [{ labels: { alertname: "Change", on: "local" } }]);
  expect(await readDecisions(app.url)).toMatchObject([{ kind: "refused", reason: "automation_off" }]);
  await postAlerts(app.url, [{ labels: { alertname: "Look", on: "local" } }]);
  const run = await waitFor("the run that looks", async () => (await listRuns(app.url)).find(isOver));
  expect(run).toMatchObject({ status: "succeeded", trigger: { rule: "look" } });
});

const settings = (extra: string) => `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed]}]
${extra}
`;

test("takes on neither rules nor settings when a secret cannot be read", async () => {
  const { app, at } = await open({});
  at.write({
    "nightshift.yml": settings(
      "sources: [{name: locked, kind: alertmanager, auth: {bearer: {file: absent}}}]",
    ),
    "rules/all.yml": "rules: [{name: renamed, mode: observe, matchers: []}]\n",
  });
  const answer = await fetch(`${app.url}/-/reload`, { method: "POST" });
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("absent");
  await postAlerts(app.url, [{ labels: { alertname: "Any" } }]);
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  expect(metrics).toContain("nightshift_config_last_reload_successful 0");
});

test("takes on sources and notifiers at a reload", async () => {
  const { app, at } = await open({});
  at.write({
    token: "s3cret-token\n",
    "nightshift.yml": settings("sources: [{name: fresh, kind: alertmanager, auth: {bearer: {file: token}}}]"),
  });
  expect((await fetch(`${app.url}/-/reload`, { method: "POST" })).status).toBe(200);
  expect((await postAlerts(app.url, [{ labels: { alertname: "Any" } }])).status).toBe(404);
  expect((await postAlerts(app.url, [{ labels: { alertname: "Any" } }], "fresh")).status).toBe(401);
});

test("says where an expression of a source's map is wrong", async () => {
  const at = createServiceFolder({
    "nightshift.yml": settings(
      "sources: [{name: own, kind: generic, map: {status: '\"firing\"', labels: \"{'a': }\"}}]",
    ),
  });
  onTestFinished(() => at.remove());
  await expect(startService(at)).rejects.toThrow(/nightshift\.yml:4:\d+: expression-syntax/);
});
