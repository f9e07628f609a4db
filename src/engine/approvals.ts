import { type AnswerRefusal, judgeAnswer } from "../access/judge-answer.ts";
import type { Principal } from "../access/principal.ts";
import { type Actor, SYSTEM } from "../audit/entry.ts";
import { type Answer, type Approval, STATE_AFTER, type Vote } from "../runs/approvals.ts";
import type { Run } from "../runs/records.ts";
import { endApproval, insertVote, readApproval, readVotes } from "../store/approvals.ts";
import { readRun } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { deleteTimer } from "../store/timers.ts";
import { endWaitingRun, lockRun, queueApprovedRun, resumeWaitingRun } from "../store/waiting-runs.ts";
import { addAudit } from "./audit.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps, leaveQuestions } from "./end-run.ts";

export interface ApprovalDecision {
  readonly id: string;
  readonly answer: Answer;
  readonly principal: Principal;
  /** The same person, as the audit log has it. */
  readonly by: Actor;
  readonly comment: string | null;
  /** The plan that the person has seen; null when the caller did not say. */
  readonly planDigest: string | null;
}

/** An approval with what people have said to it, and its run. */
export interface ApprovalFacts {
  readonly approval: Approval;
  readonly votes: readonly Vote[];
  readonly run: Run;
}

export type ApprovalResult =
  | { readonly kind: "unknown" }
  /** `counted`: a yes, and more people are needed. */
  /** `runbook_changed`: a yes to what is not the runbook any more; the run has ended by it. */
  | (ApprovalFacts & { readonly kind: "decided" | "counted" | "runbook_changed" | AnswerRefusal });

/**
 * The only way to answer what people are asked, whatever the channel. Each person says one thing; of several last words at
 * the same time one counts.
 */
export async function decideApproval(
  dependencies: EngineDependencies,
  decision: ApprovalDecision,
): Promise<ApprovalResult> {
  const { store, bells, metrics, log, killPoints, redaction } = dependencies;
  // It is kept, shown and sent on like anything else that is said.
  const said = { ...decision, comment: redaction.textOrNull(decision.comment) };
  const result = await store.transaction((tx) => decide(tx, dependencies, said));
  if (result.kind !== "decided" && result.kind !== "counted" && result.kind !== "runbook_changed")
    return result;
  killPoints.reached("after-answer");
  const { approval, run } = result;
  const about = { approval: approval.id, runId: run.id, principal: decision.principal.id };
  log.info({ ...about, answer: decision.answer, state: approval.state }, "approval answered");
  if (result.kind === "counted") return result;
  if (run.state === "rejected") metrics.runsFinished.inc({ runbook: run.runbook, status: run.state });
  bells.runs.ring();
  bells.timers.ring();
  bells.outbox.ring();
  return result;
}

async function decide(
  tx: Tx,
  dependencies: EngineDependencies,
  decision: ApprovalDecision,
): Promise<ApprovalResult> {
  const { id, answer, principal, comment } = decision;
  const known = await readApproval(tx, id);
  if (known === null) return { kind: "unknown" };
  const { store } = dependencies;
  // The run's row is what several people meet at; whoever comes second sees what the first has made of it.
  await lockRun(tx, store.dialect, known.runId);
  const facts = await readFacts(tx, id);
  const atMs = await store.nowMs(tx);
  const { approval, votes, run } = facts;
  const verdict = judgeAnswer({ approval, votes, runPlanDigest: run.planDigest, atMs }, decision);
  if (verdict.kind === "refused") return { ...facts, kind: verdict.reason };
  if (!isWaitedFor(approval, run)) {
    await leaveQuestions(tx, run.id, atMs);
    return { ...(await readFacts(tx, id)), kind: "already_decided" };
  }
  if (approval.kind === "start" && answer === "approve" && isChangedRunbook(dependencies, run))
    return endChanged(tx, dependencies, facts, atMs);
  if (!(await insertVote(tx, { approvalId: id, principal: principal.id, answer, atMs, comment })))
    return { ...facts, kind: "already_answered" };
  await addAudit(tx, dependencies, {
    atMs,
    by: decision.by,
    action: answer === "approve" || answer === "reject" ? `approval.${answer}` : "run.answer",
    subject: { kind: "run", id: run.id },
    detail: auditDetail(approval, run, decision),
  });
  if (verdict.kind === "counts") return { ...(await readFacts(tx, id)), kind: "counted" };
  if (!(await endApproval(tx, id, { state: verdict.state, by: principal.id, atMs, comment })))
    throw new Error(`approval ${id} was decided while its run was held`);
  await deleteTimer(tx, "approval", id);
  await move(tx, dependencies, approval, { answer, by: principal.id, comment, atMs });
  return { ...(await readFacts(tx, id)), kind: "decided" };
}

/** What was asked for is no longer what the files say, or one of the runbooks that it calls is not. */
function isChangedRunbook({ catalog }: Pick<EngineDependencies, "catalog">, { plan }: Run): boolean {
  const { runbooks } = catalog.current();
  const planned = [plan.runbook, ...Object.values(plan.calls).map((call) => call.runbook)];
  return planned.some(({ name, digest }) => runbooks.get(name)?.digest !== digest);
}

/** Nobody has approved what the runbook is now, and what it was is not to be run any more. */
async function endChanged(
  tx: Tx,
  dependencies: EngineDependencies,
  { approval, run }: ApprovalFacts,
  atMs: number,
): Promise<ApprovalResult> {
  const message = "its runbook was changed after people were asked; it has to be asked for again";
  await endWaitingRun(tx, run.id, { state: "rejected", message, atMs });
  await leaveFollowUps(tx, dependencies, await runOf(tx, run.id), atMs);
  const subject = { kind: "run", id: run.id } as const;
  const detail = { approval: approval.id, runbook: run.runbook, plan_digest: approval.planDigest, message };
  await addAudit(tx, dependencies, { atMs, by: SYSTEM, action: "run.cancel", subject, detail });
  return { ...(await readFacts(tx, approval.id)), kind: "runbook_changed" };
}

function auditDetail(
  { id, stepId, planDigest }: Approval,
  { runbook }: Run,
  { answer, comment }: ApprovalDecision,
): Record<string, unknown> {
  return { approval: id, runbook, step: stepId, answer, plan_digest: planDigest, comment };
}

/** The run still is where it asked. A step's run may not have come to rest yet. */
function isWaitedFor(approval: Approval, run: Run): boolean {
  if (approval.kind === "start") return run.state === "waiting_person" && run.startedAtMs === null;
  return run.state === "waiting_person" || run.state === "running";
}

/** What the last word means for the run. */
async function move(
  tx: Tx,
  dependencies: EngineDependencies,
  { runId, kind }: Approval,
  word: {
    readonly answer: Answer;
    readonly by: string;
    readonly comment: string | null;
    readonly atMs: number;
  },
): Promise<void> {
  const { answer, by, comment, atMs } = word;
  if (kind !== "start") return void (await resumeWaitingRun(tx, runId, atMs));
  if (answer === "approve") return void (await queueApprovedRun(tx, runId, atMs));
  const message = saidText(answer, by, comment);
  await endWaitingRun(tx, runId, { state: "rejected", message, atMs });
  await leaveFollowUps(tx, dependencies, await runOf(tx, runId), atMs);
}

/** `rejected by user:dana: not now`. */
export function saidText(answer: Answer, by: string, comment: string | null): string {
  return `${STATE_AFTER[answer]} by ${by}${comment === null ? "" : `: ${comment}`}`;
}

async function readFacts(tx: Tx, id: string): Promise<ApprovalFacts> {
  const approval = await readApproval(tx, id);
  if (approval === null) throw new Error(`approval ${id} is gone`);
  return { approval, votes: await readVotes(tx, [id]), run: await runOf(tx, approval.runId) };
}

async function runOf(tx: Tx, runId: string): Promise<Run> {
  const run = await readRun(tx, runId);
  if (run === null) throw new Error(`run ${runId} of an approval is gone`);
  return run;
}
