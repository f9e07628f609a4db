import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import type { Approval } from "../../src/runs/approvals.ts";
import {
  type ApprovalCursor,
  countPendingApprovals,
  endApproval,
  insertApproval,
  listApprovals,
  insertVote,
  listApprovalsIn,
  passApproval,
  readApproval,
  readPendingApprovals,
  readStepApproval,
  readVotes,
  voidApprovals,
} from "../../src/store/approvals.ts";
import { describeStores } from "./stores.ts";

const newApproval = (parts: Partial<Approval> = {}): Approval => ({
  id: newId(),
  kind: "start",
  runId: newId(),
  stepId: null,
  count: 1,
  grants: { approve: [], from: [], thenAsk: null },
  passedAtMs: null,
  failedStep: null,
  planDigest: "sha256:2",
  message: "restart web-1",
  requestedBy: "rule:slow",
  requestedAtMs: 1_000,
  deadlineMs: 9_000,
  state: "pending",
  decidedBy: null,
  decidedAtMs: null,
  comment: null,
  ...parts,
});

describeStores("approvals", ({ store, peer }) => {
  const insert = async (...approvals: readonly Approval[]) => {
    for (const approval of approvals) await store().transaction((tx) => insertApproval(tx, approval));
  };
  const end = (id: string, state: "approved" | "rejected" | "expired", at = store()) =>
    at.transaction((tx) => endApproval(tx, id, { state, by: "user:dana", atMs: 2_000, comment: "fine" }));

  test("are decided once", async () => {
    const approval = newApproval();
    await insert(approval);
    expect(await readApproval(store().reader, approval.id)).toEqual(approval);
    expect(await end(approval.id, "approved")).toBe(true);
    expect(await end(approval.id, "rejected")).toBe(false);
    expect(await readApproval(store().reader, approval.id)).toEqual({
      ...approval,
      state: "approved",
      decidedBy: "user:dana",
      decidedAtMs: 2_000,
      comment: "fine",
    });
    expect(await end(newId(), "approved")).toBe(false);
    expect(await readApproval(store().reader, newId())).toBe(null);
  });

  test("of fifty decisions at the same time one counts", async () => {
    const approval = newApproval();
    await insert(approval);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        end(approval.id, index % 3 === 0 ? "approved" : "rejected", index % 2 === 0 ? store() : peer()),
      ),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  test("become void with the run that waited, and only the pending ones of that run", async () => {
    const [first, decided, other] = [newApproval(), newApproval(), newApproval()];
    const sameRun = { ...decided, runId: first.runId };
    await insert(first, sameRun, other);
    await end(sameRun.id, "approved");
    expect((await readPendingApprovals(store().reader, first.runId)).map(({ id }) => id)).toEqual([first.id]);
    expect(await store().transaction((tx) => voidApprovals(tx, first.runId, 3_000))).toEqual([first.id]);
    expect(await store().transaction((tx) => voidApprovals(tx, first.runId, 4_000))).toEqual([]);
    expect(await readPendingApprovals(store().reader, first.runId)).toEqual([]);
    expect(await readApproval(store().reader, first.id)).toMatchObject({ state: "void", decidedAtMs: 3_000 });
    expect(await readApproval(store().reader, other.id)).toEqual(other);
    expect(await countPendingApprovals(store().reader)).toBe(1);
  });

  test("are listed the pending first, page by page, also when one is decided between two pages", async () => {
    const approvals = Array.from({ length: 6 }, () => newApproval());
    await insert(...approvals);
    const ids = approvals.map(({ id }) => id);
    for (const index of [1, 4]) await end(ids[index] ?? "", "rejected");
    const page = async (limit: number, after: ApprovalCursor | null) =>
      (await listApprovals(store().reader, limit, after)).map(({ id }) => ids.indexOf(id));
    expect(await page(10, null)).toEqual([5, 3, 2, 0, 4, 1]);
    expect(await page(2, null)).toEqual([5, 3]);
    await end(ids[3] ?? "", "approved");
    expect(await page(3, { id: ids[3] ?? "", isAmongPending: true })).toEqual([2, 0, 4]);
    expect(await page(3, { id: ids[4] ?? "", isAmongPending: false })).toEqual([3, 1]);
    const rejected = await listApprovalsIn(store().reader, "rejected", 10, ids[4] ?? null);
    expect(rejected.map(({ id }) => ids.indexOf(id))).toEqual([1]);
  });

  test("keep whom they ask and what about, and pass on once", async () => {
    const approval = newApproval({
      kind: "failed_step",
      stepId: "restart",
      count: 3,
      grants: { approve: ["group:sre"], from: ["group:dba"], thenAsk: "group:leads" },
      failedStep: { status: "timed_out", attempts: 2 },
    });
    const later = newApproval({ runId: approval.runId, stepId: "restart", kind: "failed_step" });
    await insert(approval, later);
    expect(await readApproval(store().reader, approval.id)).toEqual(approval);
    expect((await readStepApproval(store().reader, approval.runId, "restart"))?.id).toBe(later.id);
    expect(await readStepApproval(store().reader, approval.runId, "other")).toBe(null);
    const pass = () => store().transaction((tx) => passApproval(tx, approval.id, 9_000, 18_000));
    expect([await pass(), await pass()]).toEqual([true, false]);
    expect(await readApproval(store().reader, approval.id)).toMatchObject({
      passedAtMs: 9_000,
      deadlineMs: 18_000,
    });
  });

  test("keep one word of each person", async () => {
    const { id } = newApproval();
    const say = (principal: string, answer: "approve" | "reject", atMs: number) =>
      store().transaction((tx) => insertVote(tx, { approvalId: id, principal, answer, atMs, comment: null }));
    expect(await say("user:dana", "approve", 2_000)).toBe(true);
    expect(await say("user:dana", "reject", 3_000)).toBe(false);
    expect(await say("user:erin", "reject", 1_000)).toBe(true);
    const votes = await readVotes(store().reader, [id]);
    expect(votes.map(({ principal, answer }) => [principal, answer])).toEqual([
      ["user:erin", "reject"],
      ["user:dana", "approve"],
    ]);
    expect(await readVotes(store().reader, [])).toEqual([]);
  });
});
