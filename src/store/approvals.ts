import type {
  Answer,
  Approval,
  ApprovalGrants,
  ApprovalKind,
  ApprovalState,
  FailedStep,
  Vote,
} from "../runs/approvals.ts";
import type { ApprovalTable } from "./guard-tables.ts";
import { inParts } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

export async function insertApproval(tx: Tx, approval: Approval): Promise<void> {
  await tx
    .insertInto("approval")
    .values({
      id: approval.id,
      kind: approval.kind,
      step_id: approval.stepId,
      wanted: approval.count,
      grants: JSON.stringify(approval.grants),
      passed_at: approval.passedAtMs,
      failed_step: approval.failedStep === null ? null : JSON.stringify(approval.failedStep),
      run_id: approval.runId,
      plan_digest: approval.planDigest,
      message: approval.message,
      requested_by: approval.requestedBy,
      requested_at: approval.requestedAtMs,
      deadline: approval.deadlineMs,
      state: approval.state,
      decided_by: approval.decidedBy,
      decided_at: approval.decidedAtMs,
      comment: approval.comment,
    })
    .execute();
}

export async function readApproval(db: Reader, id: string): Promise<Approval | null> {
  const row = await db.selectFrom("approval").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

/** What the run waits for; several where it goes through the items of a loop. Oldest first. */
export async function readPendingApprovals(db: Reader, runId: string): Promise<Approval[]> {
  const rows = await db
    .selectFrom("approval")
    .selectAll()
    .where("run_id", "=", runId)
    .where("state", "=", "pending")
    .orderBy("id")
    .execute();
  return rows.map(toApproval);
}

/** Everything that people were asked about a run, oldest first. */
export async function readApprovalsOf(db: Reader, runId: string): Promise<Approval[]> {
  const rows = await db
    .selectFrom("approval")
    .selectAll()
    .where("run_id", "=", runId)
    .orderBy("id")
    .execute();
  return rows.map(toApproval);
}

/** What people were asked last about a step; null when they never were. */
export async function readStepApproval(db: Reader, runId: string, stepId: string): Promise<Approval | null> {
  const row = await db
    .selectFrom("approval")
    .selectAll()
    .where("run_id", "=", runId)
    .where("step_id", "=", stepId)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

/** Records what a person said. False when that person has said something before. */
export async function insertVote(tx: Tx, vote: Vote): Promise<boolean> {
  const result = await tx
    .insertInto("approval_vote")
    .values({
      approval_id: vote.approvalId,
      principal: vote.principal,
      answer: vote.answer,
      at: vote.atMs,
      comment: vote.comment,
    })
    .onConflict((conflict) => conflict.columns(["approval_id", "principal"]).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** What people said to these approvals, in the order in which they did. */
export async function readVotes(db: Reader, approvalIds: readonly string[]): Promise<Vote[]> {
  const rows = await inParts(approvalIds, (part) =>
    db
      .selectFrom("approval_vote")
      .selectAll()
      .where("approval_id", "in", part)
      .orderBy("at")
      .orderBy("principal")
      .execute(),
  );
  return rows.map((row) => ({
    approvalId: row.approval_id,
    principal: row.principal,
    answer: row.answer as Answer,
    atMs: row.at,
    comment: row.comment,
  }));
}

/** The second group is asked, until then. False when it was asked before, or there is nothing to ask any more. */
export async function passApproval(tx: Tx, id: string, atMs: number, deadlineMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("approval")
    .set({ passed_at: atMs, deadline: deadlineMs })
    .where("id", "=", id)
    .where("state", "=", "pending")
    .where("passed_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Where a page of approvals goes on: below this id, still among the pending ones or already behind them. */
export interface ApprovalCursor {
  readonly id: string;
  readonly isAmongPending: boolean;
}

/** The pending ones first, then the others; each newest first. */
export async function listApprovals(
  db: Reader,
  limit: number,
  after: ApprovalCursor | null,
): Promise<Approval[]> {
  const part = async (isPending: boolean, count: number, before: string | null) => {
    let query = db
      .selectFrom("approval")
      .selectAll()
      .where("state", isPending ? "=" : "<>", "pending")
      .orderBy("id", "desc")
      .limit(count);
    if (before !== null) query = query.where("id", "<", before);
    return query.execute();
  };
  const pending =
    after === null || after.isAmongPending ? await part(true, limit, after === null ? null : after.id) : [];
  if (pending.length === limit) return pending.map(toApproval);
  const before = after === null || after.isAmongPending ? null : after.id;
  return [...pending, ...(await part(false, limit - pending.length, before))].map(toApproval);
}

/** Of one state, newest first, after `before` (an id) where given. */
export async function listApprovalsIn(
  db: Reader,
  state: ApprovalState,
  limit: number,
  before: string | null,
): Promise<Approval[]> {
  let query = db
    .selectFrom("approval")
    .selectAll()
    .where("state", "=", state)
    .orderBy("id", "desc")
    .limit(limit);
  if (before !== null) query = query.where("id", "<", before);
  return (await query.execute()).map(toApproval);
}

export async function countPendingApprovals(db: Reader): Promise<number> {
  const row = await db
    .selectFrom("approval")
    .select((it) => it.fn.countAll().as("count"))
    .where("state", "=", "pending")
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export interface ApprovalEnd {
  readonly state: Exclude<ApprovalState, "pending" | "void">;
  /** Null where nobody decided in time. */
  readonly by: string | null;
  readonly atMs: number;
  readonly comment: string | null;
}

/** Ends a pending approval. False when it was ended before: it is used once. */
export async function endApproval(tx: Tx, id: string, end: ApprovalEnd): Promise<boolean> {
  const result = await tx
    .updateTable("approval")
    .set({ state: end.state, decided_by: end.by, decided_at: end.atMs, comment: end.comment })
    .where("id", "=", id)
    .where("state", "=", "pending")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Makes void what a run that has ended was still waiting for. Returns the ids. */
export async function voidApprovals(tx: Tx, runId: string, atMs: number): Promise<string[]> {
  const rows = await tx
    .updateTable("approval")
    .set({ state: "void", decided_at: atMs })
    .where("run_id", "=", runId)
    .where("state", "=", "pending")
    .returning("id")
    .execute();
  return rows.map((row) => row.id);
}

function toApproval(row: ApprovalTable): Approval {
  return {
    id: row.id,
    kind: row.kind as ApprovalKind,
    stepId: row.step_id,
    count: row.wanted,
    grants: JSON.parse(row.grants) as ApprovalGrants,
    passedAtMs: row.passed_at,
    failedStep: row.failed_step === null ? null : (JSON.parse(row.failed_step) as FailedStep),
    runId: row.run_id,
    planDigest: row.plan_digest,
    message: row.message,
    requestedBy: row.requested_by,
    requestedAtMs: row.requested_at,
    deadlineMs: row.deadline,
    state: row.state as ApprovalState,
    decidedBy: row.decided_by,
    decidedAtMs: row.decided_at,
    comment: row.comment,
  };
}
