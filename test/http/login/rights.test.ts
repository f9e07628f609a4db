// S10: every route of the API, asked by everybody, about what is theirs and what is not. The routes come from the running service, so
// that one nobody thought of here fails the test.
import { expect, test } from "vitest";
import { waitFor } from "../../support/wait.ts";
import { type AccessService, ask, PEOPLE, type PersonName, startAccess, tokensOf } from "./login-fixture.ts";

type Who = PersonName | "anonymous";
const EVERYBODY: readonly Who[] = ["anonymous", ...(Object.keys(PEOPLE) as PersonName[])];

const from: Readonly<Record<"viewer" | "responder" | "operator" | "admin", readonly Who[]>> = {
  viewer: ["vera", "rosa", "olaf", "ada"],
  responder: ["rosa", "olaf", "ada"],
  operator: ["olaf", "ada"],
  admin: ["ada"],
};
const people = EVERYBODY.filter((who) => who !== "anonymous");
/** A run that rike asked for: seen by her, by who may approve it, and by who is on call. */
const run = {
  see: ["rike", "alex", ...from.viewer],
  evidence: ["rike", "alex", ...from.responder],
  manage: ["rike", ...from.responder],
} as const;

/** Who gets anything but 401 and 403. Written from the table in the documents, not from the code. */
const ALLOWED: Readonly<Record<string, readonly Who[]>> = {
  "get /openapi.json": EVERYBODY,
  "get /session": EVERYBODY,
  "post /session": EVERYBODY,
  "delete /session": people,
  "get /me": people,
  "get /tokens": people,
  "post /tokens": people,
  "delete /tokens/:id": people,
  "get /users": from.admin,
  "post /users": from.admin,
  "delete /users/:name": from.admin,
  "get /access": from.admin,
  "post /admin/gc": from.admin,
  "post /admin/reload": from.admin,
  "get /admin/gc/:id": from.admin,
  "get /alerts": from.viewer,
  "get /alerts/:id": from.viewer,
  "get /alerts/:id/delivery": from.responder,
  "get /alerts/:id/bundle.zip": from.responder,
  "get /alerts/:id/bundle.tar.gz": from.responder,
  "post /alerts/:id/replay": from.operator,
  "get /sources": from.viewer,
  "get /rules": from.viewer,
  "get /rules/:name": from.viewer,
  "post /rules/:name/breaker/reset": from.operator,
  "post /rules/explain": from.responder,
  "get /hosts": from.viewer,
  "post /hosts/:name/hold": from.operator,
  "delete /hosts/:name/hold": from.operator,
  "get /pauses": from.viewer,
  "post /pauses": from.operator,
  "delete /pauses/:name": from.operator,
  "get /stats": from.viewer,
  "get /status": from.viewer,
  "get /runbooks": people,
  "get /runbooks/:name": run.see,
  "post /runbooks/:name/plan": ["rike", "alex", ...from.responder],
  "post /runbooks/:name/runs": ["rike"],
  "get /runs": people,
  "get /runs/:id": run.see,
  "post /runs/:id/cancel": run.manage,
  "post /runs/:id/rerun": ["rike"],
  "post /runs/:id/pin": run.manage,
  "delete /runs/:id/pin": run.manage,
  "post /runs/:id/notes": run.manage,
  "get /runs/:id/artifacts": run.evidence,
  "get /runs/:id/artifacts/*path": run.evidence,
  "get /runs/:id/steps/*step/log": run.evidence,
  "get /runs/:id/steps/*step/log/stream": run.evidence,
  "get /runs/:id/steps/*step/log/search": run.evidence,
  "get /runs/:id/steps/*step/log/raw": run.evidence,
  "get /runs/:id/bundle.zip": run.evidence,
  "get /runs/:id/bundle.tar.gz": run.evidence,
  "get /audit": from.admin,
  "get /audit/export": from.admin,
  "get /runs/:id/events": run.see,
  "get /runs/:id/plan": run.see,
  "get /runs/:id/queue": run.see,
  "get /changes": people,
  "get /schedules": from.viewer,
  "post /schedules/:name/run": people,
  "get /runs/:id/audit": run.evidence,
  "get /approvals": people,
  "get /approvals/:id": people,
  "post /approvals/:id/approve": people,
  "post /approvals/:id/reject": people,
  "post /approvals/:id/retry": people,
  "post /approvals/:id/skip": people,
  "post /approvals/:id/stop": people,
  "get /notices": from.viewer,
  "post /notices/:id/retry": from.operator,
  "post /notifiers/:name/test": from.operator,
};

const UNKNOWN_ID = "00000000-0000-7000-8000-000000000000";

async function ownedRun(service: AccessService, token: string): Promise<string> {
  const { status, json } = await ask(service, "POST", "/runbooks/fix/runs", { token, body: {} });
  expect(status).toBe(202);
  const id = String(json["id"]);
  await waitFor("the run to end", async () => {
    const answer = await ask(service, "GET", `/runs/${id}`, { token });
    return answer.json["status"] === "succeeded";
  });
  return id;
}

/** A call that would change nothing if it were let through: what it is about is not there, or it is over. */
function pathFor(path: string, runId: string): string {
  return path
    .replace("/changes", "/changes?seconds=0")
    .replace("/runs/:id", `/runs/${runId}`)
    .replace("/runbooks/:name", "/runbooks/fix")
    .replace("*path", "nothing.txt")
    .replace("*step", "nothing")
    .replace(":id", UNKNOWN_ID)
    .replace(/:[a-z]+/g, "nobody");
}

test("every route answers everybody as the table says", async () => {
  const service = await startAccess();
  const tokens = await tokensOf(service);
  const runId = await ownedRun(service, tokens.rike);
  const { operations } = service.app;
  const names = operations.map(({ method, path }) => `${method} ${path}`);
  expect(names.filter((name) => ALLOWED[name] === undefined)).toEqual([]);
  expect(Object.keys(ALLOWED).filter((name) => !names.includes(name))).toEqual([]);
  const mismatches: string[] = [];
  let asked = 0;
  for (const { method, path } of operations)
    for (const who of EVERYBODY) {
      const { status } = await ask(service, method.toUpperCase(), pathFor(path, runId), {
        ...(who === "anonymous" ? {} : { token: tokens[who] }),
        ...(method === "get" ? {} : { body: { "no such key": true } }),
      });
      asked += 1;
      const isAllowed = status !== 401 && status !== 403;
      const expected = ALLOWED[`${method} ${path}`]?.includes(who) === true;
      const isLoginItself = `${method} ${path}` === "post /session";
      if (isAllowed !== expected && !isLoginItself)
        mismatches.push(`${who}: ${method} ${path} gave ${status}`);
      if (who === "anonymous" && !expected && status !== 401)
        mismatches.push(`${method} ${path}: ${status}, not 401`);
    }
  console.log(`S10 routes=${operations.length} calls=${asked} mismatches=${mismatches.length}`);
  expect(mismatches).toEqual([]);
}, 120_000);

test("nobody gets another one's run by a list", async () => {
  const service = await startAccess({
    "runbooks/secret.yml": `
name: secret
access: {view: ["group:runners"], run: ["user:olaf"]}
steps: [{id: look, command: [echo, hi], effect: read, target: local}]
`,
  });
  const tokens = await tokensOf(service);
  const own = await ownedRun(service, tokens.rike);
  const { json } = await ask(service, "POST", "/runbooks/secret/runs", { token: tokens.olaf, body: {} });
  const secret = String(json["id"]);
  const idsFor = async (who: PersonName) => {
    const answer = await ask(service, "GET", "/runs", { token: tokens[who] });
    return (answer.json["items"] as { id: string }[]).map((each) => each.id).sort();
  };
  const both = [own, secret].sort();
  expect(await idsFor("rike")).toEqual(both);
  expect(await idsFor("alex")).toEqual([own]);
  expect(await idsFor("nora")).toEqual([]);
  expect(await idsFor("vera")).toEqual([own]);
  for (const who of ["rosa", "olaf", "ada"] as const) expect([who, await idsFor(who)]).toEqual([who, both]);
  const runbooksFor = async (who: PersonName) => {
    const answer = await ask(service, "GET", "/runbooks", { token: tokens[who] });
    return (answer.json["items"] as { name: string }[]).map((each) => each.name);
  };
  expect(await runbooksFor("nora")).toEqual([]);
  expect(await runbooksFor("vera")).toEqual(["fix"]);
  expect(await runbooksFor("rike")).toEqual(["fix", "secret"]);
  expect(await runbooksFor("rosa")).toEqual(["fix", "secret"]);
});

test("a route that was registered without a policy stops the start", async () => {
  const { refuseUnpoliced } = await import("../../../src/http/policing.ts");
  const { default: express, Router } = await import("express");
  const app = express();
  const stray = Router();
  stray.get("/stray", (_request, response) => void response.send("hello"));
  app.use("/api/v1", stray);
  expect(() => refuseUnpoliced(app, new Set())).toThrow("these routes have no policy: /stray");
  expect(() => refuseUnpoliced(app, new Set([stray]))).not.toThrow();
});
