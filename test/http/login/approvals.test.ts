// Who may answer what a run asks, with real logins: the runbook names them, and whoever started the run is never among them.
import { expect, test } from "vitest";
import { waitFor } from "../../support/wait.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  type PersonName,
  startAccess,
  tokenOf,
  tokensOf,
} from "./login-fixture.ts";

const RUNBOOK = `
name: fix
access: {run: ["group:runners", "group:approvers"], approve: ["group:approvers", "user:vera"]}
approval: {count: 2, when: run.trigger.kind == "person", timeout: 1h}
target: local
steps:
  - {id: before, effect: read, command: ["true"]}
  - {id: sure, approve: {from: ["user:vera"], message: really}}
  - {id: fix, command: ["true"]}
`;

type Json = Record<string, unknown>;

async function question(service: AccessService, token: string, kind: string): Promise<Json> {
  return waitFor(`a question of kind ${kind}`, async () => {
    const { json } = await ask(service, "GET", "/approvals?status=pending", { token });
    return (json["items"] as Json[]).find((item) => item["kind"] === kind);
  });
}

test("two people who are named let it start, one of them lets it go on, and nobody else", {
  timeout: 60_000,
}, async () => {
  const service = await startAccess({ "runbooks/fix.yml": RUNBOOK });
  const tokens = await tokensOf(service);
  const say = async (name: PersonName, id: unknown, word = "approve") =>
    ask(service, "POST", `/approvals/${String(id)}/${word}`, { token: tokens[name], body: {} });
  const started = await ask(service, "POST", "/runbooks/fix/runs", {
    token: tokens.alex,
    body: { inputs: {} },
  });
  expect(started.status).toBe(202);

  const start = await question(service, tokens.vera, "start");
  expect(start).toMatchObject({
    requested_by: "user:alex",
    may_approve: ["group:approvers", "user:vera"],
    may_decide: true,
    count: 2,
    approved: 0,
  });
  const shown = await ask(service, "GET", `/approvals/${String(start["id"])}`, { token: tokens.vera });
  expect(shown.json).toMatchObject({
    run_status: "waiting_person",
    failure: null,
    plan: {
      digest: start["plan_digest"],
      steps: [
        { id: "before", action: "command true", effect: "read", host: "local" },
        { id: "sure", action: "ask user:vera for the yes of 1: really" },
        { id: "fix", effect: "change" },
      ],
    },
  });
  expect(
    (await ask(service, "GET", `/approvals/${String(start["id"])}`, { token: tokens.nora })).status,
  ).toBe(404);
  const refused = await say("ada", start["id"]);
  expect([refused.status, refused.json["detail"]]).toEqual([
    403,
    "you may not decide this; who may: group:approvers, user:vera",
  ]);
  expect((await say("alex", start["id"])).status).toBe(403);
  const readOnly = await tokenOf(service, await cookieOf(service, "ada"), "vera", ["read"]);
  const narrow = await ask(service, "POST", `/approvals/${String(start["id"])}/approve`, {
    token: readOnly,
    body: {},
  });
  expect(narrow.status).toBe(403);

  const first = await say("vera", start["id"]);
  expect(first.json).toMatchObject({ status: "pending", approved: 1, decided_by: null });
  expect((await say("vera", start["id"])).status).toBe(409);
  expect((await say("vera", start["id"], "retry")).status).toBe(409);
  // Nobody else is in the group of approvers, so that the second yes cannot come: whoever asked takes it back.
  expect((await say("alex", start["id"], "reject")).status).toBe(200);
  expect(
    (await ask(service, "GET", `/runs/${String(start["run"])}`, { token: tokens.alex })).json["status"],
  ).toBe("rejected");
});

test("at a step only those count who are named twice", { timeout: 60_000 }, async () => {
  const service = await startAccess({ "runbooks/fix.yml": RUNBOOK.replace("count: 2", "count: 1") });
  const tokens = await tokensOf(service);
  const say = async (name: PersonName, id: unknown) =>
    ask(service, "POST", `/approvals/${String(id)}/approve`, {
      token: tokens[name],
      body: { comment: "fine" },
    });
  await ask(service, "POST", "/runbooks/fix/runs", { token: tokens.rike, body: { inputs: {} } });
  const start = await question(service, tokens.alex, "start");
  expect((await say("alex", start["id"])).status).toBe(200);
  const step = await question(service, tokens.vera, "step");
  expect(step).toMatchObject({
    step: "sure",
    message: "really",
    from: ["user:vera"],
    requested_by: "user:rike",
  });
  const refused = await say("alex", step["id"]);
  expect([refused.status, refused.json["detail"]]).toEqual([
    403,
    "you may not decide this; who may: those of group:approvers, user:vera who are also user:vera",
  ]);
  expect((await say("vera", step["id"])).status).toBe(200);
  const run = await waitFor("the end of the run", async () => {
    const { json } = await ask(service, "GET", `/runs/${String(step["run"])}`, { token: tokens.rike });
    return json["finished_at"] === null ? null : json;
  });
  expect(run["status"]).toBe("succeeded");
  const audit = await service.app.store.reader
    .selectFrom("audit")
    .select(["action", "principal"])
    .orderBy("id")
    .execute();
  expect(audit.filter(({ action }) => action.startsWith("approval."))).toEqual([
    { action: "approval.approve", principal: "user:alex" },
    { action: "approval.approve", principal: "user:vera" },
  ]);
});
