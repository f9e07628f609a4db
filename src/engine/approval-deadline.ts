import type { Approval } from "../runs/approvals.ts";
import type { Run, Timer } from "../runs/records.ts";
import { endApproval, passApproval, readApproval } from "../store/approvals.ts";
import { readRun } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { claimTimer, setTimer } from "../store/timers.ts";
import { endWaitingRun, lockRun, resumeWaitingRun } from "../store/waiting-runs.ts";
import { addApprovalNotices } from "./approval-notices.ts";
import { setReminder } from "./ask-people.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps } from "./end-run.ts";

/**
 * The timer of an approval. At the half of its time people are reminded. At its end it passes once to the second group, with
 * as much time again; without one, or when that is over too, it expires: a run that waited for its start ends, one that waited
 * in a step goes on with a no.
 */
export async function watchApproval(dependencies: EngineDependencies, timer: Timer): Promise<void> {
  const { store, bells, metrics, log } = dependencies;
  const done = await store.transaction((tx) => look(tx, dependencies, timer));
  if (done === null) return;
  const { approval, run, what } = done;
  log.info({ approval: approval.id, runId: run.id }, LOGGED[what]);
  if (what === "expired" && run.state === "timed_out")
    metrics.runsFinished.inc({ runbook: run.runbook, status: run.state });
  bells.runs.ring();
  bells.outbox.ring();
  bells.timers.ring();
}

const LOGGED = {
  reminded: "people were reminded of an approval",
  passed_on: "approval passed to its second group",
  expired: "approval expired",
} as const;

interface Looked {
  readonly approval: Approval;
  readonly run: Run;
  readonly what: keyof typeof LOGGED;
}

/** Null when there is nothing left to decide, or another node was faster. */
async function look(tx: Tx, dependencies: EngineDependencies, timer: Timer): Promise<Looked | null> {
  const { store } = dependencies;
  const known = await readApproval(tx, timer.subject);
  // The run first, as whoever answers does: rows are locked in one order.
  if (known !== null) await lockRun(tx, store.dialect, known.runId);
  if (!(await claimTimer(tx, timer))) return null;
  const approval = known === null ? null : await readApproval(tx, known.id);
  const run = approval === null ? null : await readRun(tx, approval.runId);
  if (approval === null || run === null || approval.state !== "pending") return null;
  const atMs = await store.nowMs(tx);
  if (atMs < approval.deadlineMs) {
    await addApprovalNotices(tx, dependencies, run, approval, "reminder", atMs);
    await setTimer(tx, { ...timer, dueAtMs: approval.deadlineMs });
    return { approval, run, what: "reminded" };
  }
  if (approval.grants.thenAsk !== null && approval.passedAtMs === null) {
    const deadlineMs = atMs + (approval.deadlineMs - approval.requestedAtMs);
    await passApproval(tx, approval.id, atMs, deadlineMs);
    const passed = { ...approval, passedAtMs: atMs, deadlineMs };
    await setReminder(tx, passed);
    await addApprovalNotices(tx, dependencies, run, passed, "passed_on", atMs);
    return { approval: passed, run, what: "passed_on" };
  }
  await endApproval(tx, approval.id, { state: "expired", by: null, atMs, comment: null });
  return { approval, run: await endUnanswered(tx, dependencies, approval, atMs), what: "expired" };
}

async function endUnanswered(
  tx: Tx,
  dependencies: EngineDependencies,
  approval: Approval,
  atMs: number,
): Promise<Run> {
  const { runId, kind } = approval;
  const state = "timed_out";
  const hasEnded =
    kind === "start" && (await endWaitingRun(tx, runId, { state, message: unansweredText(approval), atMs }));
  if (kind !== "start") await resumeWaitingRun(tx, runId, atMs);
  const run = await readRun(tx, runId);
  if (run === null) throw new Error(`run ${runId} of an approval is gone`);
  if (hasEnded) await leaveFollowUps(tx, dependencies, run, atMs);
  return run;
}

/** `nobody approved it by 2026-11-23T03:00:00.000Z`. */
export function unansweredText({ kind, deadlineMs }: Approval): string {
  const deadline = new Date(deadlineMs).toISOString();
  return `nobody ${kind === "failed_step" ? "answered" : "approved it"} by ${deadline}`;
}
