import { onTestFinished } from "vitest";
import type { App } from "../../src/app.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const SETTINGS = `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted, approval]}]
`;

const HOSTS = `
defaults: {user: nobody, known_hosts: /dev/null, key: {file: /dev/null}}
hosts:
  - {name: web-1, address: 192.0.2.1, aliases: [web-1.example.net], labels: {role: web, env: prod}}
  - {name: web-2, address: 192.0.2.2, labels: {role: web}, automation: "off"}
`;

const RULES = `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}
  - {name: ask, mode: approve, matchers: ['alertname = "Full"'], runbook: act}
`;

const RUNBOOK = `
name: act
target: local
steps: [{id: act, command: ["true"]}]
`;

export interface Service {
  readonly app: App;
  readonly at: ServiceFolder;
}

/** A service with a rule that acts, one that asks, and two hosts. Stopped when the test ends. */
export async function startControls(more: Readonly<Record<string, string>> = {}): Promise<Service> {
  const at = createServiceFolder({
    "nightshift.yml": SETTINGS,
    "hosts.yml": HOSTS,
    "rules/all.yml": RULES,
    "runbooks/act.yml": RUNBOOK,
    ...more,
  });
  onTestFinished(() => at.remove());
  const app = await startService(at);
  onTestFinished(() => app.stop());
  return { app, at };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a test reads of an answer is what it checks.
  readonly json: Record<string, unknown>;
}

/** Calls the API with JSON. */
export async function call(
  { app }: Service,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${app.url}/api/v1${path}`, {
    method,
    headers: body === undefined ? { ...headers } : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

export async function itemsOf(service: Service, path: string): Promise<Record<string, unknown>[]> {
  return (await call(service, "GET", path)).json["items"] as Record<string, unknown>[];
}

/** What is wrong with a call, as `pointer code`. */
export function placesOf(answer: Answer): string[] {
  const errors = answer.json["errors"] as readonly { pointer: string; code: string }[];
  return errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

/** The value of a metric without labels. */
export async function metricOf({ app }: Service, name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  return Number(new RegExp(`^nightshift_${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** The approval that is waiting, once there is one. */
export async function pendingApproval(service: Service): Promise<{
  readonly id: string;
  readonly run: string;
  readonly plan_digest: string;
}> {
  return waitFor("an approval", async () => {
    const [approval] = await itemsOf(service, "/approvals?status=pending");
    return approval as { id: string; run: string; plan_digest: string } | undefined;
  });
}
