import { expect } from "vitest";
import { alertmanagerBody, type TestAlert } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  peopleSettings,
  startAccess,
} from "../http/login/login-fixture.ts";
import type { OpenPage, TestBrowser } from "./browser.ts";

// A service with rules that act, ask, fail and watch, and people who may do more or less about them.

const PEOPLE = { olga: ["sre"], rosa: ["oncall"], vera: ["guests"], dba: ["dba"] } as const;
export type Person = keyof typeof PEOPLE;

const rulesWith = (silence: string) => `# The rules of the shop.
rules:
  - name: db-slow
    mode: auto
    matchers: ['team = "db"', 'alertname =~ ".+"']
    runbook: restart-web

  - name: web-slow
    mode: approve
    matchers: ['alertname = "WebSlow"', 'instance =~ ".+"']
    runbook: restart-web
    with: {instance: "\${{ alert.labels.instance }}"}
    source: alertmanager
${silence}    verify: {resolved_within: 10m, stable_for: 0s}

  - name: cooling
    mode: auto
    matchers: ['alertname = "Cooling"']
    group_by: [alertname]
    runbook: say
    guards: {cooldown: 1h}

  - name: breaks
    mode: auto
    matchers: ['alertname = "Broken"']
    runbook: fail
    verify: {resolved_within: 1s, stable_for: 0s}
    guards: {breaker: {failures: 1, within: 1h}}

  - {name: watch, mode: observe, matchers: ['alertname = "Watched"'], runbook: say}
`;

const RUNBOOKS = {
  "runbooks/restart-web.yml": `
name: restart-web
title: Restart the web server
access: {run: ["group:sre"], approve: ["group:dba"]}
inputs: {instance: {type: string, pattern: ".{0,64}", default: web-1}}
steps:
  - {id: look, target: local, effect: read, command: [echo, "\${{ inputs.instance }}"]}
  - {id: restart, target: local, command: ["sleep", "0.2"]}
`,
  "runbooks/say.yml": "name: say\nsteps: [{id: say, target: local, effect: read, command: [echo, hello]}]\n",
  "runbooks/fail.yml": 'name: fail\nsteps: [{id: fail, target: local, command: ["false"]}]\n',
};

const HOSTS =
  "hosts:\n  - {name: web-1, address: 192.0.2.1, user: x, key: {file: /dev/null}, known_hosts: /dev/null, labels: {role: web}}\n";

const ROLES = 'admin: ["group:sre"], responder: ["group:oncall"], viewer: [everyone]';

/** With an Alertmanager's API, alerts of `web-slow` are silenced there while its run goes on. */
export function startRules(alertmanagerUrl: string | null = null): Promise<AccessService> {
  const api = alertmanagerUrl === null ? "" : `, api: {urls: ["${alertmanagerUrl}"]}`;
  const sources = `sources:
  - {name: alertmanager, kind: alertmanager${api}}
  - {name: grafana, kind: grafana}
`;
  return startAccess({
    "nightshift.yml": `${peopleSettings(PEOPLE, ROLES)}${sources}`,
    "rules/shop.yml": rulesWith(alertmanagerUrl === null ? "" : "    silence: {for: 10m}\n"),
    "hosts.yml": HOSTS,
    ...RUNBOOKS,
  });
}

/** Posts alerts, and waits until they are stored. */
export async function post({ app }: AccessService, alerts: readonly TestAlert[]): Promise<void> {
  const response = await fetch(`${app.url}/webhooks/alertmanager`, {
    method: "POST",
    body: alertmanagerBody(alerts),
  });
  expect(response.status).toBe(202);
}

type Json = Readonly<Record<string, unknown>>;

/** What is in a list, for somebody who sees everything. */
export async function list(service: AccessService, path: string): Promise<readonly Json[]> {
  const headers = { cookie: await cookieOf(service, "olga") };
  const { status, json } = await ask(service, "GET", path, { headers });
  expect(status).toBe(200);
  return json["items"] as readonly Json[];
}

/** Waits for something in a list. */
export function firstOf(service: AccessService, path: string): Promise<Json> {
  return waitFor(`something at ${path}`, async () => (await list(service, path))[0] ?? null);
}

export async function openAs(
  browser: TestBrowser,
  service: AccessService,
  name: Person,
  options: { width?: number; scheme?: "light" | "dark" } = {},
): Promise<OpenPage> {
  const header = await cookieOf(service, name);
  return browser.open({ ...options, cookie: { url: service.app.url, header } });
}
