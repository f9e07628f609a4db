import type { Actor } from "../audit/entry.ts";
import { newId } from "../platform/ids.ts";
import type { Approval } from "../runs/guard-records.ts";
import type { Run, Timer } from "../runs/records.ts";
import { endApproval, insertApproval, readApproval, voidApprovals } from "../store/approvals.ts";
import type { NewRun } from "../store/new-runs.ts";
import { readRun } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { claimTimer, deleteTimer, setTimer } from "../store/timers.ts";
import { endWaitingRun, queueApprovedRun } from "../store/waiting-runs.ts";
import { addAudit } from "./audit.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps } from "./end-run.ts";
import { addNotices } from "./notices.ts";

export interface ApprovalRequest {
  /** What will happen, in words. */
  readonly message: string;
  readonly atMs: number;
  /** Nobody's yes counts after it: the run ends then. */
  readonly deadlineMs: number;
}

/**
 * Asks people for a run that was made in state `waiting_person`, in the transaction that makes it. The caller rings the bells of timers
 * and outbox after the commit.
 */
export async function requestApproval(
  tx: Tx,
  dependencies: EngineDependencies,
  run: NewRun,
  request: ApprovalRequest,
): Promise<Approval> {
  const { message, atMs, deadlineMs } = request;
  const approval: Approval = {
    id: newId(),
    runId: run.id,
    planDigest: run.planDigest,
    message,
    requestedBy: run.trigger.principal,
    requestedAtMs: atMs,
    deadlineMs,
    state: "pending",
    decidedBy: null,
    decidedAtMs: null,
    comment: null,
  };
  await insertApproval(tx, approval);
  await setTimer(tx, { kind: "approval", subject: approval.id, dueAtMs: deadlineMs, data: {} });
  const asked = `${message}\nUntil ${new Date(deadlineMs).toISOString()}: nightshift approval approve ${approval.id}`;
  await addNotices(
    tx,
    dependencies,
    { ...NOT_BEGUN, queuedAtMs: atMs, ...run, message: asked },
    "approval",
    atMs,
  );
  return approval;
}

const NOT_BEGUN = {
  outcome: null,
  outcomeBecause: null,
  heldReason: null,
  heldUntilMs: null,
  owner: null,
  fence: 0,
  startedAtMs: null,
  finishedAtMs: null,
  changeStartedAtMs: null,
  changeEndedAtMs: null,
  failedStep: null,
  summary: null,
  result: null,
  cancelRequestedAtMs: null,
  cancelBecause: null,
} as const;

export interface ApprovalDecision {
  readonly id: string;
  readonly decision: "approve" | "reject";
  readonly by: Actor;
  readonly comment: string | null;
  /** The plan that the person has seen; null when the caller did not say. */
  readonly planDigest: string | null;
}

export type ApprovalResult =
  | { readonly kind: "unknown" }
  | {
      /**
       * `already_decided`: somebody was faster, nobody was in time, or the run has ended. `own_request`: nobody approves what they asked
       * for themselves. `other_plan`: it is not what the person has seen, or not what the run would do.
       */
      readonly kind: "decided" | "already_decided" | "too_late" | "other_plan" | "own_request";
      readonly approval: Approval;
      readonly run: Run;
    };

/** The only way to decide an approval, whatever the channel. It is used once: of several at the same time one decides. */
export async function decideApproval(
  dependencies: EngineDependencies,
  decision: ApprovalDecision,
): Promise<ApprovalResult> {
  const { store, bells, metrics, log } = dependencies;
  const result = await store.transaction((tx) => decide(tx, dependencies, decision));
  if (result.kind !== "decided") return result;
  const { approval, run } = result;
  log.info(
    { approval: approval.id, runId: run.id, state: approval.state, principal: decision.by.principal },
    "approval decided",
  );
  if (run.state === "rejected") metrics.runsFinished.inc({ runbook: run.runbook, status: run.state });
  bells.runs.ring();
  bells.timers.ring();
  bells.outbox.ring();
  return result;
}

async function decide(
  tx: Tx,
  dependencies: EngineDependencies,
  { id, decision, by, comment, planDigest }: ApprovalDecision,
): Promise<ApprovalResult> {
  const approval = await readApproval(tx, id);
  if (approval === null) return { kind: "unknown" };
  const run = await runOf(tx, approval);
  const atMs = await dependencies.store.nowMs(tx);
  const refusal = refusalOf(approval, run, { decision, by, planDigest, atMs });
  if (refusal !== null) return { kind: refusal, approval, run };
  const message = `rejected by ${by.principal}${comment === null ? "" : `: ${comment}`}`;
  const hasMoved =
    decision === "approve"
      ? await queueApprovedRun(tx, run.id, atMs)
      : await endWaitingRun(tx, run.id, { state: "rejected", message, atMs });
  if (!hasMoved) {
    // The run's row is what several people meet at; whoever comes second sees what the first has made of it.
    await voidApprovals(tx, run.id, atMs);
    return { kind: "already_decided", approval: await present(tx, id), run: await runOf(tx, approval) };
  }
  const state = decision === "approve" ? "approved" : "rejected";
  if (!(await endApproval(tx, id, { state, by: by.principal, atMs, comment })))
    throw new Error(`approval ${id} was decided while its run still waited`);
  await deleteTimer(tx, "approval", id);
  await addAudit(tx, dependencies, {
    atMs,
    by,
    action: `approval.${decision}`,
    subject: { kind: "run", id: run.id },
    detail: { approval: id, runbook: run.runbook, plan_digest: approval.planDigest, comment },
  });
  const moved = await runOf(tx, approval);
  if (decision === "reject") await leaveFollowUps(tx, dependencies, moved, atMs);
  return { kind: "decided", approval: await present(tx, id), run: moved };
}

function refusalOf(
  approval: Approval,
  run: Run,
  asked: Omit<ApprovalDecision, "id" | "comment"> & { readonly atMs: number },
): Exclude<ApprovalResult["kind"], "decided" | "unknown"> | null {
  if (approval.state !== "pending") return "already_decided";
  if (asked.atMs >= approval.deadlineMs) return "too_late";
  if (asked.planDigest !== null && asked.planDigest !== approval.planDigest) return "other_plan";
  if (asked.decision === "reject") return null;
  if (run.planDigest !== approval.planDigest) return "other_plan";
  return approval.requestedBy === asked.by.principal ? "own_request" : null;
}

/** The timer at the deadline of an approval: a run that nobody has said yes to by then ends. */
export async function expireApproval(dependencies: EngineDependencies, timer: Timer): Promise<void> {
  const { store, bells, metrics, log } = dependencies;
  const ended = await store.transaction(async (tx) => {
    const run = await endUnapproved(tx, dependencies, timer.subject);
    // Last, as a decision takes it away last: rows are locked in one order.
    await claimTimer(tx, timer);
    return run;
  });
  if (ended === null) return;
  log.info({ approval: timer.subject, runId: ended.id }, "approval expired");
  metrics.runsFinished.inc({ runbook: ended.runbook, status: ended.state });
  bells.outbox.ring();
  bells.timers.ring();
}

/** Null when there is nothing left to end. */
async function endUnapproved(tx: Tx, dependencies: EngineDependencies, id: string): Promise<Run | null> {
  const approval = await readApproval(tx, id);
  if (approval === null || approval.state !== "pending") return null;
  const atMs = await dependencies.store.nowMs(tx);
  const message = `nobody approved it by ${new Date(approval.deadlineMs).toISOString()}`;
  if (!(await endWaitingRun(tx, approval.runId, { state: "timed_out", message, atMs }))) return null;
  await endApproval(tx, id, { state: "expired", by: null, atMs, comment: null });
  const run = await runOf(tx, approval);
  await leaveFollowUps(tx, dependencies, run, atMs);
  return run;
}

async function runOf(tx: Tx, approval: Approval): Promise<Run> {
  const run = await readRun(tx, approval.runId);
  if (run === null) throw new Error(`run ${approval.runId} of approval ${approval.id} is gone`);
  return run;
}

async function present(tx: Tx, id: string): Promise<Approval> {
  const approval = await readApproval(tx, id);
  if (approval === null) throw new Error(`approval ${id} is gone`);
  return approval;
}
