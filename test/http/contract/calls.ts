import type { PersonName } from "../login/login-fixture.ts";
import { PASSWORD } from "../login/login-fixture.ts";
import type { Json } from "./document.ts";
import type { World } from "./world.ts";

/** One call of an operation, and the status that it is to have. */
export interface Call {
  readonly operation: string;
  readonly status: number;
  /** Null: nobody. The admin when it is left out. */
  readonly who?: PersonName | null;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What the newest call of an operation was answered with. */
export type Answered = (operation: string) => Json;

export type Step = Call | ((answered: Answered) => Call);

/** Calls that do what they are for, in an order in which they can, and refusals that only one operation has. */
export function callsOf(world: World): readonly Step[] {
  const { alert, run, longRun, artifact, notice, approvals } = world;
  const ofRun = { params: { id: run } };
  const unknownKey = { "Idempotency-Key": "contract-1" };
  return [
    { operation: "getOpenApi", status: 200, who: null },
    { operation: "getMe", status: 200 },
    { operation: "getWaysIn", status: 200, who: null },
    { operation: "logIn", status: 200, who: null, body: { name: "vera", password: PASSWORD } },
    { operation: "logIn", status: 401, who: null, body: { name: "vera", password: "wrong" } },
    ...Array.from({ length: 9 }, () => wrongPassword(401)),
    wrongPassword(429),
    { operation: "logOut", status: 200, who: "nora" },

    { operation: "createToken", status: 201, body: { name: "ci", user: "nora", scopes: ["read"] } },
    { operation: "createToken", status: 422, body: { name: "ci", user: "nobody", scopes: ["read"] } },
    { operation: "createToken", status: 403, who: "vera", body: { name: "x", user: "ada", scopes: ["all"] } },
    { operation: "listTokens", status: 200, query: { user: "nora" } },
    (answered) => ({
      operation: "revokeToken",
      status: 200,
      params: { id: String(answered("createToken")["id"]) },
    }),
    { operation: "addPerson", status: 201, body: { name: "petra", password: PASSWORD, role: "viewer" } },
    { operation: "addPerson", status: 409, body: { name: "petra", password: PASSWORD } },
    { operation: "listPeople", status: 200 },
    { operation: "removePerson", status: 409, params: { name: "ada" } },
    { operation: "removePerson", status: 200, params: { name: "petra" } },
    { operation: "explainAccess", status: 200, query: { user: "vera", runbook: "fix" } },
    { operation: "explainAccess", status: 404, query: { user: "vera", runbook: "nothing" } },

    { operation: "listAlerts", status: 200 },
    {
      operation: "listAlerts",
      status: 200,
      query: {
        status: "firing",
        outcome: "fixed",
        source: "alertmanager",
        rule: "act",
        decision: "refused",
        reason: "cooldown",
        filter: 'team="web"',
      },
    },
    { operation: "listSources", status: 200 },
    { operation: "getAlert", status: 200, params: { id: alert } },
    { operation: "getAlertDelivery", status: 200, params: { id: alert } },
    ...downloads("getAlertBundleZip", { id: alert }),
    ...downloads("getAlertBundleTarGz", { id: alert }),
    { operation: "replayAlert", status: 200, params: { id: alert }, query: { dry_run: "true" } },
    { operation: "replayAlert", status: 202, params: { id: alert } },

    { operation: "listRules", status: 200 },
    { operation: "getRule", status: 200, params: { name: "act" } },
    { operation: "resetBreaker", status: 200, params: { name: "act" } },
    { operation: "explainRules", status: 200, body: { alert } },
    { operation: "explainRules", status: 200, body: { labels: { alertname: "Broken" } } },
    { operation: "explainRules", status: 422, body: { labels: { alertname: "x" }, source: "nothing" } },
    { operation: "explainRules", status: 404, body: { alert: "01900000-0000-7000-8000-000000000000" } },
    { operation: "listRunbooks", status: 200, who: "rike" },
    { operation: "getRunbook", status: 200, who: "rike", params: { name: "fix" } },
    {
      operation: "planRun",
      status: 200,
      who: "rike",
      params: { name: "fix" },
      body: { inputs: { count: 2 } },
    },
    {
      operation: "planRun",
      status: 422,
      who: "rike",
      params: { name: "fix" },
      body: { inputs: { count: 9 } },
    },

    { operation: "startRun", status: 202, who: "rike", ...start("fix"), headers: unknownKey },
    { operation: "startRun", status: 202, who: "rike", ...start("fix"), headers: unknownKey },
    {
      operation: "startRun",
      status: 422,
      who: "rike",
      ...start("fix", { reason: "x" }),
      headers: unknownKey,
    },
    { operation: "startRun", status: 409, who: "rike", ...start("fix", { plan_digest: "other" }) },
    { operation: "startRun", status: 403, who: "ada", ...start("fix") },
    { operation: "rerun", status: 202, who: "rike", ...ofRun, body: { inputs: { text: "again" } } },
    { operation: "listSchedules", status: 200 },
    { operation: "runSchedule", status: 202, who: "rike", params: { name: "yearly" }, body: {} },
    {
      operation: "runSchedule",
      status: 422,
      who: "rike",
      params: { name: "yearly" },
      body: { inputs: { a: 1 } },
    },

    { operation: "listRuns", status: 200, query: { status: "succeeded", runbook: "fix", rule: "act" } },
    { operation: "getRun", status: 200, ...ofRun },
    { operation: "followRun", status: 200, ...ofRun },
    { operation: "getRunPlan", status: 200, ...ofRun },
    { operation: "getRunQueue", status: 200, ...ofRun },
    { operation: "followChanges", status: 200, query: { seconds: "0" } },
    { operation: "readLog", status: 200, params: { id: run, step: "say" }, query: { offset: "1" } },
    {
      operation: "readLog",
      status: 200,
      params: { id: run, step: "say" },
      query: { line: "1", numbered: "" },
    },
    { operation: "searchLog", status: 200, params: { id: run, step: "say" }, query: { q: "a" } },
    ...downloads("downloadLog", { id: run, step: "say" }),
    { operation: "followLog", status: 200, params: { id: run, step: "say" } },
    { operation: "listArtifacts", status: 200, ...ofRun },
    ...downloads("getArtifact", { id: run, path: artifact }),
    ...downloads("getRunBundleZip", { id: run }),
    ...downloads("getRunBundleTarGz", { id: run }),
    { operation: "getRunBundleZip", status: 403, who: "rosa", ...ofRun, query: { sensitive: "true" } },
    { operation: "listRunAudit", status: 200, ...ofRun },
    { operation: "addNote", status: 201, ...ofRun, body: { text: "seen" } },
    { operation: "pinRun", status: 200, ...ofRun },
    { operation: "unpinRun", status: 200, ...ofRun },
    { operation: "cancelRun", status: 202, params: { id: longRun } },
    { operation: "cancelRun", status: 409, ...ofRun },

    { operation: "listApprovals", status: 200, query: { status: "pending" } },
    { operation: "listApprovals", status: 200, query: { run } },
    { operation: "getApproval", status: 200, params: { id: approvals.approve } },
    ...Object.entries(approvals).flatMap(([answer, id]): Call[] => [
      { operation: `${answer}Approval`, status: 403, who: "rosa", params: { id }, body: {} },
      {
        operation: `${answer}Approval`,
        status: 200,
        who: "alex",
        params: { id },
        body: { comment: "as agreed" },
      },
      { operation: `${answer}Approval`, status: 409, who: "alex", params: { id }, body: {} },
    ]),

    { operation: "createPause", status: 201, body: pause("upgrade") },
    { operation: "createPause", status: 409, body: pause("upgrade") },
    { operation: "createPause", status: 422, body: { ...pause("other"), scope: "nothing" } },
    { operation: "createPause", status: 201, body: pause("release") },
    { operation: "startRun", status: 409, who: "rike", ...start("fix") },
    { operation: "listPauses", status: 200, query: { history: "true" } },
    { operation: "endPause", status: 200, params: { name: "upgrade" } },
    { operation: "listHosts", status: 200 },
    { operation: "listHosts", status: 200, query: { q: "web", filter: 'role!="db"' } },
    { operation: "listHosts", status: 400, query: { filter: "role" } },
    { operation: "holdHost", status: 200, params: { name: "web-1" }, body: { reason: "disk", for: "1h" } },
    { operation: "releaseHost", status: 200, params: { name: "web-1" } },

    { operation: "listNotices", status: 200 },
    { operation: "retryNotice", status: 200, params: { id: notice } },
    { operation: "retryNotice", status: 409, params: { id: notice } },
    { operation: "testNotifier", status: 200, params: { name: "hook" } },
    { operation: "getStatistics", status: 200, query: { days: "30" } },
    { operation: "getStatus", status: 200 },
    { operation: "reload", status: 200 },
    { operation: "getStatus", status: 200 },
    { operation: "removeOld", status: 202, body: { dry_run: true } },
    (answered) => ({
      operation: "getRemoval",
      status: 200,
      params: { id: String(answered("removeOld")["id"]) },
    }),
    { operation: "listAudit", status: 200, query: { subject: `run:${run}`, order: "asc" } },
    { operation: "exportAudit", status: 200, query: { since: "2026-01-01T00:00:00Z" } },
  ];
}

/** Somebody who is not there: their name is closed for a while after so many tries. */
function wrongPassword(status: number): Call {
  return { operation: "logIn", status, who: null, body: { name: "vera", password: "wrong" } };
}

function start(runbook: string, more: Json = {}) {
  return { params: { name: runbook }, body: { inputs: {}, ...more } };
}

function pause(name: string): Json {
  return { name, scope: "all", reason: "we work on it", for: "1h" };
}

/** The whole file, a part of it, nothing of it, and a part that it does not have. */
function downloads(operation: string, params: Readonly<Record<string, string>>): Call[] {
  return [
    { operation, status: 200, params },
    { operation, status: 206, params, headers: { range: "bytes=0-3" } },
    { operation, status: 304, params, headers: { "if-none-match": "*" } },
    { operation, status: 416, params, headers: { range: "bytes=999999999-" } },
  ];
}
