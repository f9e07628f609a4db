// Approvals over the API: what is asked, decided once, in time, for one plan, and what becomes of the run.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { insertApproval } from "../../src/store/approvals.ts";
import { isOver, postAlerts, readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { addRuns, newRun } from "../store/rows.ts";
import {
  call,
  itemsOf,
  metricOf,
  pendingApproval,
  placesOf,
  type Service,
  startControls,
} from "./controls-fixture.ts";

/** A rule in mode `approve` has matched an alert. */
async function asked(): Promise<{ service: Service; approval: Awaited<ReturnType<typeof pendingApproval>> }> {
  const service = await startControls();
  await postAlerts(service.app.url, [{ labels: { alertname: "Full" } }]);
  return { service, approval: await pendingApproval(service) };
}

const statusOf = async ({ app }: Service, run: string) => (await readRun(app.url, run)).status;

/** An approval that no rule asked for, with a run that waits for it. */
async function addApproval(
  { app }: Service,
  parts: { readonly deadlineMs?: number; readonly requestedBy?: string; readonly planDigest?: string },
): Promise<{ readonly id: string; readonly run: string }> {
  const id = newId();
  const [run = ""] = await addRuns(app.store, newRun({ state: "waiting_person", planDigest: "sha256:plan" }));
  await app.store.transaction((tx) =>
    insertApproval(tx, {
      id,
      kind: "start",
      runId: run,
      stepId: null,
      count: 1,
      grants: { approve: [], from: [], thenAsk: null },
      passedAtMs: null,
      failedStep: null,
      planDigest: parts.planDigest ?? "sha256:plan",
      message: "restart",
      requestedBy: parts.requestedBy ?? "rule:ask",
      requestedAtMs: 1_000,
      deadlineMs: parts.deadlineMs ?? Date.now() + 3_600_000,
      state: "pending",
      decidedBy: null,
      decidedAtMs: null,
      comment: null,
    }),
  );
  return { id, run };
}

test("a run that asks waits; a yes starts it, and the bundle is made", async () => {
  const { service, approval } = await asked();
  expect(approval).toMatchObject({
    runbook: "act",
    requested_by: "rule:ask",
    may_approve: ["role:operator", "role:admin"],
    may_decide: true,
    kind: "start",
    answers: ["approve", "reject"],
    status: "pending",
    decided_by: null,
    decided_at: null,
    comment: null,
    plan_digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    message: expect.stringMatching(/./),
  });
  expect(await statusOf(service, approval.run)).toBe("waiting_person");
  expect(await metricOf(service, "approvals_pending")).toBe(1);
  const body = { comment: "go ahead", plan_digest: approval.plan_digest };
  const answer = await call(service, "POST", `/approvals/${approval.id}/approve`, body);
  expect([answer.status, answer.json]).toEqual([
    200,
    {
      ...approval,
      status: "approved",
      decided_by: "user:local",
      decided_at: expect.any(String),
      comment: "go ahead",
      may_decide: false,
      approved: 1,
      said: [{ by: "user:local", answer: "approve", at: expect.any(String), comment: "go ahead" }],
    },
  ]);
  const run = await waitFor("the end of the run", async () => {
    const found = await readRun(service.app.url, approval.run);
    return isOver(found) && found.bundle !== null ? found : null;
  });
  expect(run.status).toBe("succeeded");
  expect((await call(service, "GET", `/approvals/${approval.id}`)).json["status"]).toBe("approved");
  expect(await metricOf(service, "approvals_pending")).toBe(0);
});

test("a no ends the run as rejected, says who and why, leaves a bundle, and the run never starts", async () => {
  const { service, approval } = await asked();
  const path = `/approvals/${approval.id}/reject`;
  expect((await call(service, "POST", path, { comment: "not now" })).json["status"]).toBe("rejected");
  const run = await waitFor("the bundle", async () => {
    const found = await readRun(service.app.url, approval.run);
    return found.bundle === null ? null : found;
  });
  expect([run.status, run.message]).toEqual(["rejected", "rejected by user:local: not now"]);
  expect(run.steps.every((step) => step.attempts === 0)).toBe(true);
  expect(
    await service.app.store.reader
      .selectFrom("timer")
      .select("kind")
      .where("kind", "=", "approval")
      .execute(),
  ).toEqual([]);
});

test("of fifty decisions at the same time exactly one counts, and the run does what that one says", async () => {
  const { service, approval } = await asked();
  const decisions = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? "approve" : "reject"));
  const answers = await Promise.all(
    decisions.map((decision) => call(service, "POST", `/approvals/${approval.id}/${decision}`, {})),
  );
  const winners = answers.flatMap((answer, index) => (answer.status === 200 ? [decisions[index]] : []));
  expect(winners).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(49);
  const run = await waitFor("the end", async () => {
    const found = await readRun(service.app.url, approval.run);
    return isOver(found) ? found : null;
  });
  expect(run.status).toBe(winners[0] === "approve" ? "succeeded" : "rejected");
});

test("a decision for another plan is refused, and the right one still counts", async () => {
  const { service, approval } = await asked();
  const path = `/approvals/${approval.id}`;
  for (const decision of ["approve", "reject"]) {
    const other = await call(service, "POST", `${path}/${decision}`, { plan_digest: "sha256:0" });
    expect([other.status, placesOf(other)]).toEqual([409, ["/plan_digest other_plan"]]);
  }
  expect(await statusOf(service, approval.run)).toBe("waiting_person");
  const { plan_digest } = approval;
  expect((await call(service, "POST", `${path}/approve`, { plan_digest })).status).toBe(200);
});

test("an approval whose run has another plan than was asked for cannot be given", async () => {
  const service = await startControls();
  const { id, run } = await addApproval(service, { planDigest: "sha256:other" });
  expect((await call(service, "POST", `/approvals/${id}/approve`, {})).status).toBe(409);
  expect(await statusOf(service, run)).toBe("waiting_person");
});

test("nobody approves what they asked for themselves, but they may take it back", async () => {
  const service = await startControls();
  const { id, run } = await addApproval(service, { requestedBy: "user:local" });
  expect((await call(service, "POST", `/approvals/${id}/approve`, {})).status).toBe(403);
  expect(await statusOf(service, run)).toBe("waiting_person");
  expect((await call(service, "POST", `/approvals/${id}/reject`, {})).status).toBe(200);
  expect(await statusOf(service, run)).toBe("rejected");
});

test("after its deadline an approval is worth nothing, also before anybody has noticed", async () => {
  const service = await startControls();
  const { id, run } = await addApproval(service, { deadlineMs: Date.now() - 1 });
  for (const decision of ["approve", "reject"])
    expect((await call(service, "POST", `/approvals/${id}/${decision}`, {})).status).toBe(409);
  expect(await statusOf(service, run)).toBe("waiting_person");
});

test("a run that nobody said yes to in time is timed out, and its bundle says why", async () => {
  const { service, approval } = await asked();
  await service.app.store.transaction(async (tx) => {
    await tx.updateTable("approval").set({ deadline: 1_000 }).execute();
    await tx.updateTable("timer").set({ due_at: 1_000 }).where("kind", "=", "approval").execute();
  });
  const run = await waitFor("the bundle", async () => {
    const found = await readRun(service.app.url, approval.run);
    return found.bundle === null ? null : found;
  });
  expect([run.status, run.message]).toEqual(["timed_out", "nobody approved it by 1970-01-01T00:00:01.000Z"]);
  expect((await call(service, "GET", `/approvals/${approval.id}`)).json).toMatchObject({
    status: "expired",
    decided_by: null,
  });
  expect((await call(service, "POST", `/approvals/${approval.id}/approve`, {})).status).toBe(409);
});

test.each([
  ["is cancelled", (service: Service, run: string) => call(service, "POST", `/runs/${run}/cancel`)],
  [
    "is no longer needed, because the alert resolved",
    ({ app }: Service) => postAlerts(app.url, [{ labels: { alertname: "Full" }, status: "resolved" }]),
  ],
])("a run that %s while it waits leaves nothing to decide", async (_, end) => {
  const { service, approval } = await asked();
  await end(service, approval.run);
  expect(await statusOf(service, approval.run)).toBe("cancelled");
  expect((await call(service, "GET", `/approvals/${approval.id}`)).json).toMatchObject({
    status: "void",
    decided_by: null,
  });
  const late = await call(service, "POST", `/approvals/${approval.id}/approve`, {});
  expect([late.status, late.json["detail"]]).toEqual([
    409,
    "the run is cancelled; there is nothing left to decide",
  ]);
  expect(await statusOf(service, approval.run)).toBe("cancelled");
  const timers = service.app.store.reader.selectFrom("timer").select("kind").where("kind", "=", "approval");
  expect(await timers.execute()).toEqual([]);
});

test("approvals are listed the pending first, page by page, and by status", async () => {
  const service = await startControls();
  const made = [];
  for (let count = 0; count < 5; count += 1) made.push(await addApproval(service, {}));
  const ids = made.map(({ id }) => id);
  for (const index of [4, 2]) await call(service, "POST", `/approvals/${ids[index] ?? ""}/reject`, {});
  const seen: number[] = [];
  let next: string | null = null;
  do {
    const after = next === null ? "" : `&after=${next}`;
    const page: Record<string, unknown> = (await call(service, "GET", `/approvals?limit=2${after}`)).json;
    seen.push(...(page["items"] as { id: string }[]).map(({ id }) => ids.indexOf(id)));
    next = page["next"] as string | null;
  } while (next !== null);
  expect(seen).toEqual([3, 1, 0, 4, 2]);
  expect(await itemsOf(service, "/approvals?status=rejected")).toHaveLength(2);
  for (const wrong of ["status=maybe", "after=pending:x", "after=x"])
    expect((await call(service, "GET", `/approvals?${wrong}`)).status).toBe(400);
});

test("what is no approval, or no decision, is refused", async () => {
  const { service, approval } = await asked();
  expect((await call(service, "GET", "/approvals/nothing")).status).toBe(404);
  expect((await call(service, "POST", `/approvals/${newId()}/approve`, {})).status).toBe(404);
  expect((await call(service, "POST", "/approvals/nothing/approve", {})).status).toBe(404);
  const decide = (body: unknown) => call(service, "POST", `/approvals/${approval.id}/approve`, body);
  expect(placesOf(await decide({ comment: 7 }))).toEqual(["/comment invalid_type"]);
  expect(placesOf(await decide({ comments: "x" }))).toEqual(["/comments unknown_key"]);
  expect(await statusOf(service, approval.run)).toBe("waiting_person");
});

test("a yes to a runbook that was changed since ends the run; a no ends it as ever, and what is the same again may be approved", async () => {
  const { service, approval } = await asked();
  const file = "runbooks/act.yml";
  const before = readFileSync(`${service.at.folder}/${file}`, "utf8");
  service.at.write({ [file]: before.replace('"true"', '"false"') });
  expect(await service.app.reload()).toEqual([]);
  service.at.write({ [file]: before });
  expect(await service.app.reload()).toEqual([]);
  expect(await statusOf(service, approval.run)).toBe("waiting_person");
  service.at.write({ [file]: before.replace('"true"', '"false"') });
  expect(await service.app.reload()).toEqual([]);
  const yes = await call(service, "POST", `/approvals/${approval.id}/approve`, {});
  expect([yes.status, yes.json["title"]]).toEqual([409, "Runbook changed"]);
  expect(await statusOf(service, approval.run)).toBe("rejected");
  const [after] = await itemsOf(service, `/approvals?run=${approval.run}`);
  expect(after).toMatchObject({ status: "void", decided_by: null, said: [] });
  const rows = await service.app.store.reader.selectFrom("audit").selectAll().orderBy("id").execute();
  expect(rows.at(-1)).toMatchObject({ action: "run.cancel", principal: "system", subject_id: approval.run });
});
