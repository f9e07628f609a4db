import { newId } from "../platform/ids.ts";
import type { ApprovalTerms } from "../runbooks/check-approval.ts";
import type { Access, Runbook, Step } from "../runbooks/runbook.ts";
import type { Approval, FailedStep } from "../runs/approvals.ts";
import { insertApproval } from "../store/approvals.ts";
import type { NewRun } from "../store/new-runs.ts";
import type { Tx } from "../store/store.ts";
import { setTimer } from "../store/timers.ts";
import { addApprovalNotices, type AskedRun } from "./approval-notices.ts";
import type { EngineDependencies } from "./dependencies.ts";
import type { RunSession } from "./session.ts";

// Questions to people. Each is a row with its timer and its notices, written in the transaction that makes the run or the step wait.

export interface ApprovalRequest {
  /** What will happen, in words. */
  readonly message: string;
  readonly atMs: number;
  readonly terms: Pick<ApprovalTerms, "count" | "timeoutMs" | "thenAsk">;
  /** Of the runbook that the run was planned with. */
  readonly access: Access | null;
}

/**
 * Asks people for a run that was made in state `waiting_person`, in the transaction that makes it. The caller rings the bells of timers
 * and outbox after the commit.
 */
export function requestApproval(
  tx: Tx,
  dependencies: EngineDependencies,
  run: NewRun,
  { message, atMs, terms, access }: ApprovalRequest,
): Promise<Approval> {
  return ask(tx, dependencies, run, {
    kind: "start",
    stepId: null,
    message,
    count: terms.count,
    grants: { approve: access?.approve ?? [], from: [], thenAsk: terms.thenAsk },
    failedStep: null,
    requestedAtMs: atMs,
    deadlineMs: atMs + terms.timeoutMs,
  });
}

type Approve = Extract<Step, { verb: "approve" }>;

/** Asks whether the run may go on at an `approve` step. */
export function requestStepApproval(
  tx: Tx,
  session: RunSession,
  step: Approve,
  message: string,
  atMs: number,
): Promise<Approval> {
  const { from, count, timeoutMs } = step.spec;
  return ask(tx, session.dependencies, session.run, {
    kind: "step",
    stepId: step.id,
    message,
    count,
    grants: { approve: grantsOf(session.frame.runbook), from, thenAsk: null },
    failedStep: null,
    requestedAtMs: atMs,
    deadlineMs: atMs + timeoutMs,
  });
}

/** Asks how the run goes on after a step has failed that says whom to ask. */
export function requestFailureAnswer(
  tx: Tx,
  session: RunSession,
  step: Step,
  failure: FailedStep & { readonly message: string | null },
  atMs: number,
): Promise<Approval> {
  if (step.askOnFailure === null) throw new Error(`step ${step.id} asks nobody`);
  const { from, timeoutMs } = step.askOnFailure;
  const { status, attempts, message } = failure;
  const how = status === "failed" ? "failed" : "ran out of time";
  const why = message === null ? "" : `: ${message}`;
  return ask(tx, session.dependencies, session.run, {
    kind: "failed_step",
    stepId: step.id,
    message: `step ${step.id} ${how}${why}; retry it, skip it, or stop the run?`,
    count: 1,
    grants: { approve: grantsOf(session.frame.runbook), from, thenAsk: null },
    failedStep: { status, attempts },
    requestedAtMs: atMs,
    deadlineMs: atMs + timeoutMs,
  });
}

function grantsOf({ access }: Pick<Runbook, "access">): readonly string[] {
  return access?.approve ?? [];
}

type Question = Omit<
  Approval,
  | "id"
  | "runId"
  | "planDigest"
  | "requestedBy"
  | "state"
  | "passedAtMs"
  | "decidedBy"
  | "decidedAtMs"
  | "comment"
>;

async function ask(
  tx: Tx,
  dependencies: EngineDependencies,
  run: AskedRun & { readonly planDigest: string },
  question: Question,
): Promise<Approval> {
  const approval: Approval = {
    ...question,
    id: newId(),
    runId: run.id,
    planDigest: run.planDigest,
    requestedBy: run.trigger.principal,
    state: "pending",
    passedAtMs: null,
    decidedBy: null,
    decidedAtMs: null,
    comment: null,
  };
  await insertApproval(tx, approval);
  await setReminder(tx, approval);
  await addApprovalNotices(tx, dependencies, run, approval, "asked", approval.requestedAtMs);
  return approval;
}

/** The approval's only timer goes first to the half of its time, and from there to its end. */
export async function setReminder(
  tx: Tx,
  approval: Pick<Approval, "id" | "requestedAtMs" | "passedAtMs" | "deadlineMs">,
): Promise<void> {
  const { id, requestedAtMs, passedAtMs, deadlineMs } = approval;
  const fromMs = passedAtMs ?? requestedAtMs;
  const dueAtMs = fromMs + Math.ceil((deadlineMs - fromMs) / 2);
  await setTimer(tx, { kind: "approval", subject: id, dueAtMs, data: {} });
}
