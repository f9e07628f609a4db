import type { NoticeEvent } from "../notify/events.ts";
import type { Run } from "../runs/records.ts";
import type { RunEnd } from "../runs/states.ts";
import { voidApprovals } from "../store/approvals.ts";
import { readMembers } from "../store/groups.ts";
import { addToOutbox } from "../store/outbox.ts";
import { findHeldForSlot, unholdRuns } from "../store/run-holds.ts";
import { firstInLine, releaseLocks } from "../store/run-locks.ts";
import { deleteRunInputs } from "../store/run-inputs.ts";
import { endRun } from "../store/run-ownership.ts";
import { readRun } from "../store/runs.ts";
import { readSilencesOf } from "../store/silences.ts";
import { endOpenSteps } from "../store/steps.ts";
import type { Tx } from "../store/store.ts";
import { deleteTimer, setTimer } from "../store/timers.ts";
import { noteClimb } from "./ladder-memory.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { countForBreaker } from "./breakers.ts";
import { addNotices } from "./notices.ts";
import { closeIncidentsOfRun } from "./recoveries.ts";
import { redactEnding, redactionOf } from "./redact-attempt.ts";
import { outboxKey } from "./silences.ts";
import { decideForRun, type LaterDecision } from "./run-decisions.ts";
import { commitOwned, type RunSession } from "./session.ts";

export interface RunEnding {
  readonly end: RunEnd;
  readonly failedStep: string | null;
  readonly message: string | null;
  readonly summary: string | null;
  /** What the runbook gives whoever started it; null unless it succeeded and says so. */
  readonly result?: Readonly<Record<string, unknown>> | null;
  /** It was claimed, but none of its steps began: it holds no cooldown. */
  readonly neverStarted?: boolean;
  /** Stored with the alerts of the run: why it did not begin. */
  readonly decision?: LaterDecision;
}

/** Ends the run and leaves, in the same transaction, everything that is to follow: bundle, notices, verification, rejudging. */
export async function finishRun(
  session: Pick<RunSession, "dependencies" | "run" | "ownership"> & Partial<Pick<RunSession, "opened">>,
  asked: RunEnding,
): Promise<void> {
  const { dependencies, ownership } = session;
  const ending = redactEnding(redactionOf(session), asked);
  const atMs = dependencies.clock.nowMs();
  const ended = await commitOwned(session, async (tx) => {
    await endOpenSteps(tx, ownership.runId, atMs);
    await endRun(tx, ownership, { ...ending, state: ending.end, atMs });
    const run = await readRun(tx, ownership.runId);
    if (run === null) throw new Error(`run ${ownership.runId} is gone`);
    if (ending.decision !== undefined) await decideForRun(tx, dependencies, run, ending.decision);
    await leaveFollowUps(tx, dependencies, run, atMs);
    return run;
  });
  dependencies.killPoints.reached("after-run-end");
  const durationMs = atMs - (ended.startedAtMs ?? atMs);
  if (!ended.isDryRun) {
    dependencies.metrics.runsFinished.inc({ runbook: ended.runbook, status: ending.end });
    dependencies.metrics.runDuration.observe(durationMs / 1000);
  }
  dependencies.log.info(
    {
      runId: ended.id,
      runbook: ended.runbook,
      status: ending.end,
      failedStep: ending.failedStep,
      durationMs,
      isDryRun: ended.isDryRun,
    },
    "run finished",
  );
  dependencies.bells.outbox.ring();
  dependencies.bells.timers.ring();
}

/** What follows every end of a run, also of one that was cancelled before it started. */
export async function leaveFollowUps(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  atMs: number,
): Promise<void> {
  await addToOutbox(tx, {
    runId: run.id,
    action: "bundle",
    target: "1",
    data: { sealedAtMs: atMs },
    dueAtMs: atMs,
  });
  await deleteRunInputs(tx, run.id);
  // What it waited for, should somebody have ended it meanwhile: nobody decides on it any more.
  await leaveQuestions(tx, run.id, atMs);
  await freeWaiting(tx, dependencies, run);
  const event = eventOf(run);
  if (event !== null) await addNotices(tx, dependencies, run, event, atMs);
  await closeIncidentsOfRun(tx, dependencies, run, atMs);
  if (run.verification !== null && run.changeEndedAtMs !== null) {
    // Looked at soon, not at the deadline: the alert may have recovered already, and the judge says when to look again.
    await setTimer(tx, { kind: "verify", subject: run.id, dueAtMs: atMs, data: {} });
  }
  await noteClimb(tx, dependencies, run, atMs);
  await countForBreaker(tx, dependencies, run, atMs);
  for (const silence of await readSilencesOf(tx, run.id)) {
    if (silence.liftedAtMs !== null) continue;
    await addToOutbox(tx, { ...outboxKey("unsilence", silence), data: {}, dueAtMs: atMs });
  }
  if (run.onResolve.kind === "run")
    await setTimer(tx, { kind: "follow_up", subject: run.id, dueAtMs: atMs, data: {} });
  if (run.groupId !== null && (await readMembers(tx, run.groupId)).some((member) => !member.isJudged)) {
    await setTimer(tx, { kind: "rejudge", subject: run.groupId, dueAtMs: atMs, data: {} });
  }
}

/** Nobody is asked about the run any more. */
export async function leaveQuestions(tx: Tx, runId: string, atMs: number): Promise<void> {
  for (const id of await voidApprovals(tx, runId, atMs)) await deleteTimer(tx, "approval", id);
}

/** How many of those in line for a slot or a lock are looked at when one is free: the first may be held back by something else. */
const LOOKED_AT_IN_LINE = 8;

/** Gives the run's locks and slot to those that are first in line for them. */
async function freeWaiting(tx: Tx, { store }: EngineDependencies, run: Run): Promise<void> {
  const names = await releaseLocks(tx, run.id);
  const line = names.length === 0 ? [] : await firstInLine(tx, names, LOOKED_AT_IN_LINE);
  const forSlot = await findHeldForSlot(
    tx,
    { rule: run.trigger.rule, runbook: run.runbook },
    LOOKED_AT_IN_LINE,
  );
  await unholdRuns(tx, store.dialect, [...line, ...forSlot]);
}

function eventOf(run: Run): NoticeEvent | null {
  if (run.state === "interrupted") return "interrupted";
  // A no in the middle of a run leaves it half done; one before its start is known to whoever said it.
  const wasCutShort = run.state === "rejected" && run.startedAtMs !== null;
  return run.state === "failed" || run.state === "timed_out" || wasCutShort ? "failed" : null;
}
