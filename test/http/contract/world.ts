import { startServer } from "../../outbound/http-server.ts";
import { postAlerts } from "../../support/alerts.ts";
import { waitFor } from "../../support/wait.ts";
import {
  type AccessService,
  ask,
  LOGIN,
  type PersonName,
  startAccess,
  tokensOf,
} from "../login/login-fixture.ts";
import type { Json } from "./document.ts";

// A service with a login, and something of everything that the API tells of.

const ACCESS = `access: {run: ["group:runners"], approve: ["group:approvers"]}`;

const filesOf = (hookUrl: string) => ({
  "nightshift.yml": `
notifiers: [{name: hook, webhook: {url: "${hookUrl}/hook"}}]
notify: [{to: hook, events: [failed]}]
${LOGIN}
limits: {shutdown_grace: 1s}
`,
  "hosts.yml":
    'hosts: [{name: local, readable: ["/etc/hostname"]}, {name: web-1, address: 192.0.2.1, user: nobody, known_hosts: /dev/null, key: {file: /dev/null}, labels: {role: web}}]\n',
  "schedules.yml": `schedules: [{name: yearly, runbook: fix, cron: "0 12 1 1 *", time_zone: Europe/Berlin}]\n`,
  "rules/all.yml": `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Broken"']
    runbook: broken
    guards: {cooldown: 1h, breaker: {failures: 3, within: 1h}}
  - {name: watch, mode: observe, matchers: []}
`,
  "runbooks/fix.yml": `
name: fix
title: Fixes it
owner: team-web
tags: [web]
${ACCESS}
inputs:
  text: {type: string, default: hello, help: What to say, max_length: 20}
  kind: {type: choice, options: [quick, slow], default: quick}
  kinds: {type: multi_choice, options: [a, b], default: [a]}
  count: {type: integer, default: 1, min: 1, max: 5}
  share: {type: number, default: 0.5, min: 0, max: 1}
  sure: {type: boolean, default: true}
  host: {type: host, in: 'role = "web"', default: web-1}
  hosts: {type: hosts, in: 'role = "web"', default: [web-1]}
  grace: {type: duration, default: 5m, min: 1m, max: 1h}
  day: {type: date, required: false, show_if: inputs.sure}
  at: {type: datetime, required: false}
  key: {type: secret, required: false}
  page: {type: file, required: false}
steps:
  - {id: look, target: local, collect: {paths: [/etc/hostname]}}
  - {id: say, name: Says it, target: local, effect: read, env: {TEXT: "\${{ inputs.text }}"}, run: 'echo "$TEXT"; echo oops >&2', outputs: {said: stdout.trim()}}
result: {said: steps.say.outputs.said}
`,
  "runbooks/broken.yml": `
name: broken
target: local
steps: [{id: fail, effect: read, run: exit 3}]
`,
  "runbooks/ask.yml": `
name: ask
${ACCESS}
approval: {timeout: 1h}
target: local
steps: [{id: do, effect: read, command: ["true"]}]
`,
  "runbooks/stuck.yml": `
name: stuck
${ACCESS}
target: local
steps: [{id: fail, run: exit 3, ask_on_failure: {timeout: 1h}}]
`,
  "runbooks/long.yml": `
name: long
${ACCESS}
target: local
steps: [{id: wait, effect: read, run: sleep 600}]
`,
});

export interface World {
  readonly service: AccessService;
  readonly tokens: Readonly<Record<PersonName, string>>;
  /** Ids by what they are of. */
  readonly alert: string;
  readonly run: string;
  readonly longRun: string;
  readonly artifact: string;
  readonly notice: string;
  /** By the answer that each is for. */
  readonly approvals: Readonly<Record<"approve" | "reject" | "retry" | "skip" | "stop", string>>;
}

export async function startWorld(): Promise<World> {
  // What it refuses once is given up, and can be tried again.
  const statuses = [410];
  const hook = await startServer((response) => response.writeHead(statuses.shift() ?? 200).end());
  const service = await startAccess(filesOf(hook.url));
  const tokens = await tokensOf(service);
  const items = async (path: string) => {
    const { json } = await ask(service, "GET", path, { token: tokens.ada });
    return json["items"] as Json[];
  };
  const start = async (runbook: string) => {
    const { status, json } = await ask(service, "POST", `/runbooks/${runbook}/runs`, {
      token: tokens.rike,
      body: {},
    });
    if (status !== 202) throw new Error(`${runbook}: ${status} ${JSON.stringify(json)}`);
    return String(json["id"]);
  };
  const question = (run: string) =>
    waitFor(
      "a question",
      async () => (await items(`/approvals?run=${run}`))[0]?.["id"] as string | undefined,
    );

  await postAlerts(service.app.url, [
    { labels: { alertname: "Broken" }, annotations: { summary: "It is broken" } },
    // Not in UTC: what the API says of it is.
    { labels: { alertname: "Other" }, startsAt: "2026-11-20T10:00:00.123456789+02:00" },
  ]);
  const run = await start("fix");
  const longRun = await start("long");
  const asked = [await start("ask"), await start("ask"), await start("stuck"), await start("stuck")];
  const [approve = "", reject = "", retry = "", skip = ""] = await Promise.all(asked.map(question));
  const stop = await question(await start("stuck"));
  const broken = await waitFor("the alert that was decided on", async () => {
    const alerts = (await items("/alerts")) as { id: string; labels: Record<string, string> }[];
    return alerts.find(({ labels }) => labels["alertname"] === "Broken");
  });
  const notice = await waitFor(
    "a notice that is given up",
    async () => (await items("/notices?status=dead"))[0],
  );
  const isSealed = async (id: string) =>
    (await ask(service, "GET", `/runs/${id}`, { token: tokens.ada })).json["bundle"] !== null;
  await waitFor("the bundle of the run", () => isSealed(run));
  const artifacts = await items(`/runs/${run}/artifacts`);
  return {
    service,
    tokens,
    alert: broken.id,
    run,
    longRun,
    artifact: String(artifacts[0]?.["path"]),
    notice: String(notice["id"]),
    approvals: { approve, reject, retry, skip, stop },
  };
}
