// A runbook whose access.view hides it is hidden wherever it could be named: with alerts, schedules, statistics and notices.
import { expect, test } from "vitest";
import { postAlerts } from "../../support/alerts.ts";
import { waitFor } from "../../support/wait.ts";
import {
  type AccessService,
  ask,
  type PersonName,
  settingsOf,
  startAccess,
  tokensOf,
} from "./login-fixture.ts";

const HIDDEN = `
name: rotate-keys
access: {view: ["group:runners"], run: ["group:runners"], approve: ["group:approvers"]}
inputs: {vault: {type: string}}
steps: [{id: rotate, command: ["false"], effect: read, target: local}]
`;
const RULES = `
rules:
  - {name: keys, mode: auto, matchers: [alertname = "KeysOld"], runbook: rotate-keys, with: {vault: crown-jewels}}
  - {name: watched, mode: observe, matchers: [alertname = "KeysSeen"], runbook: rotate-keys, with: {vault: crown-jewels}}
`;
const SCHEDULES = `
schedules:
  - {name: yearly, runbook: rotate-keys, with: {vault: crown-jewels}, cron: "0 12 1 1 *"}
  - {name: fixing, runbook: fix, cron: "0 12 1 1 *"}
`;

async function start(): Promise<AccessService & { readonly tokens: Record<PersonName, string> }> {
  const service = await startAccess({
    "nightshift.yml": settingsOf("", "sources: [{name: alertmanager, kind: alertmanager}]"),
    "runbooks/rotate-keys.yml": HIDDEN,
    "rules/keys.yml": RULES,
    "schedules.yml": SCHEDULES,
  });
  return { ...service, tokens: await tokensOf(service) };
}

interface AlertJson {
  readonly id: string;
  readonly fingerprint: string;
  readonly runs: readonly string[];
  readonly decisions: readonly {
    readonly kind: string;
    readonly run: string | null;
    readonly detail: object;
  }[];
}

async function text(service: AccessService, path: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, accept: "text/html, application/json" };
  const response = await fetch(`${service.app.url}${path}`, { headers });
  expect([path, response.status]).toEqual([path, 200]);
  return response.text();
}

test("a viewer who is not named neither reads its name nor its inputs nor finds its runs; who is on call does", async () => {
  const service = await start();
  const { tokens } = service;
  await postAlerts(service.app.url, [
    { labels: { alertname: "KeysOld" } },
    { labels: { alertname: "KeysSeen" } },
  ]);
  const alertsFor = async (who: PersonName) => {
    const list = await ask(service, "GET", "/alerts", { token: tokens[who] });
    const items = list.json["items"] as { id: string }[];
    const whole = items.map(({ id }) => ask(service, "GET", `/alerts/${id}`, { token: tokens[who] }));
    return (await Promise.all(whole)).map(({ json }) => json as unknown as AlertJson);
  };
  const all = await waitFor("the run to fail and people to be told", async () => {
    const alerts = await alertsFor("rosa");
    const notices = (await ask(service, "GET", "/notices", { token: tokens.rosa })).json[
      "items"
    ] as unknown[];
    return (
      alerts.length === 2 && alerts.some(({ runs }) => runs.length === 1) && notices.length > 0 && alerts
    );
  });
  expect(JSON.stringify(all)).toContain("crown-jewels");
  const cut = await alertsFor("vera");
  expect(cut.flatMap(({ runs }) => runs)).toEqual([]);
  expect(cut.flatMap(({ decisions }) => decisions.map(({ kind }) => kind)).toSorted()).toEqual(
    all.flatMap(({ decisions }) => decisions.map(({ kind }) => kind)).toSorted(),
  );
  const pages = [
    ...all.map(({ fingerprint }) => `/a/${fingerprint}`),
    ...all.map(({ id }) => `/api/v1/alerts/${id}`),
    "/api/v1/schedules",
    "/api/v1/stats",
    "/api/v1/notices",
    "/api/v1/runs",
    "/api/v1/runbooks",
    "/api/v1/approvals",
  ];
  for (const path of pages)
    expect([path, await text(service, path, tokens.vera)]).toEqual([
      path,
      expect.not.stringMatching(/rotate-keys|crown-jewels/),
    ]);
  for (const path of ["/api/v1/schedules", "/api/v1/stats", "/api/v1/notices"])
    expect([path, await text(service, path, tokens.rosa)]).toEqual([
      path,
      expect.stringContaining("rotate-keys"),
    ]);
  const { json } = await ask(service, "GET", "/schedules", { token: tokens.vera });
  expect(json["items"]).toMatchObject([{ name: "fixing" }]);
});

test("an approval of it is not there for whom it is hidden from, to be read or to be answered", async () => {
  const hidden = HIDDEN.replace("steps:", "approval: {}\nsteps:");
  const service = await startAccess({ "runbooks/rotate-keys.yml": hidden });
  const tokens = await tokensOf(service);
  const inputs = { vault: "crown-jewels" };
  const run = await ask(service, "POST", "/runbooks/rotate-keys/runs", {
    token: tokens.rike,
    body: { inputs },
  });
  expect(run.status).toBe(202);
  const { json } = await ask(service, "GET", "/approvals", { token: tokens.alex });
  const [{ id } = { id: "" }] = json["items"] as { id: string }[];
  for (const path of ["", "/approve", "/reject"]) {
    const method = path === "" ? "GET" : "POST";
    const answer = await ask(service, method, `/approvals/${id}${path}`, { token: tokens.vera });
    expect([path, answer.status]).toEqual([path, 404]);
  }
  const own = await ask(service, "POST", `/approvals/${id}/approve`, { token: tokens.rike });
  expect([own.status, own.json["title"]]).toEqual([403, "Own request"]);
  expect((await ask(service, "POST", `/approvals/${id}/approve`, { token: tokens.alex })).status).toBe(200);
});
