import { isOver, type RunJson, readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { type Answer, call, type Service, startControls } from "./controls-fixture.ts";

const HOSTS = `
defaults: {user: nobody, known_hosts: /dev/null, key: {file: /dev/null}}
hosts:
  - {name: web-1, address: 192.0.2.1, aliases: [web-1.example.net], labels: {role: web}}
  - {name: web-2, address: 192.0.2.2, labels: {role: web}}
`;

const GREET = `
name: greet
title: Says hello
target: local
inputs:
  host: {type: host, in: 'role = "web"'}
  count: {type: integer, default: 1, min: 1, max: 5}
  grace: {type: duration, default: 5m}
steps:
  - {id: greet, effect: read, command: [echo, "\${{ run.trigger.kind }} \${{ run.trigger.principal }}"], outputs: {who: stdout.trim()}}
`;

/** A service with the runbook \`greet\`, which changes nothing, and others by their file. */
export function startStarts(more: Readonly<Record<string, string>> = {}): Promise<Service> {
  return startControls({ "hosts.yml": HOSTS, "runbooks/greet.yml": GREET, ...more });
}

export function startRun(
  service: Service,
  runbook: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return call(service, "POST", `/runbooks/${runbook}/runs`, body, headers);
}

/** The id in an answer that accepted something. */
export function idOf(answer: Answer): string {
  if (answer.status !== 202) throw new Error(`${answer.status}: ${JSON.stringify(answer.json)}`);
  return String(answer.json["id"]);
}

export function runOver({ app }: Service, id: string): Promise<RunJson> {
  return waitFor("the end of the run", async () => {
    const run = await readRun(app.url, id);
    return isOver(run) ? run : null;
  });
}
