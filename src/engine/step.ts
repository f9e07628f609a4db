import { measureBefore } from "./asserts.ts";
import { LOCAL } from "./session.ts";
import { askAboutFailure, executeApprove, settleFailure } from "./waiting-steps.ts";
import { hostOf } from "../runbooks/plan.ts";
import type { Step } from "../runbooks/runbook.ts";
import { renderStep } from "../runbooks/render.ts";
import { isLeftOut } from "../runs/dry-run.ts";
import type { StepRecord } from "../runs/records.ts";
import type { StepEnd } from "../runs/states.ts";
import { parkRun } from "../store/run-ownership.ts";
import { endStep, setStepWait } from "../store/steps.ts";
import { type AttemptEnded, commitAttempt, makeAttempt, type RenderedStep } from "./attempt.ts";
import { type Evaluated, evaluate, judgeAttempt } from "./judge-attempt.ts";
import { conditionLeftOut, inputLeftOut, leftOutVerdict, shownStep } from "./dry-run.ts";
import { redactionOf } from "./redact-attempt.ts";
import { missingSecret } from "./secrets.ts";
import {
  commitOwned,
  deadlineOf,
  PARK_AFTER_MS,
  type Progress,
  recordOf,
  type RunSession,
  setRecord,
  stopReason,
} from "./session.ts";

/** The step's end, or "released" when the run was given back while the step waits. */
export async function executeStep(
  session: RunSession,
  step: Step,
  variables: () => Record<string, unknown>,
): Promise<Progress> {
  if (await isSkipped(session, step, variables)) return "ended";
  // Before the ways of single verbs: none of them is gone in a dry run.
  if (isLeftOut(session.run, step)) return makeAttempts(session, step, variables);
  if (step.verb === "wait" && step.spec.durationMs !== null) {
    const refusal = recordOf(session, step).state === "pending" ? await measureBefore(session, step) : null;
    if (refusal !== null) return endWithoutAttempt(session, step, "failed", refusal.text);
    return executeWait(session, step, step.spec.durationMs);
  }
  if (step.verb === "approve") return executeApprove(session, step, variables);
  return makeAttempts(session, step, variables);
}

async function makeAttempts(
  session: RunSession,
  step: Step,
  variables: () => Record<string, unknown>,
): Promise<Progress> {
  const isOnlySaid = isLeftOut(session.run, step);
  for (;;) {
    const progress = await waitUntil(session, step, recordOf(session, step).waitUntilMs);
    if (progress === "released") return "released";
    const answer = await settleFailure(session, step);
    if (answer.progress !== null) return answer.progress;
    const refusal = await measureBefore(session, step);
    if (stopReason(session) !== null)
      return endWithoutAttempt(session, step, "cancelled", "the run was stopped before the next attempt");
    const rendered = renderAttempt(session, step, variables());
    const obstacle = refusal?.text ?? missingSecret(session, step) ?? (rendered.ok ? null : rendered.message);
    if (obstacle !== null || !rendered.ok) {
      if (step.askOnFailure === null || session.run.isDryRun)
        return endWithoutAttempt(session, step, "failed", obstacle);
      await suspend(session, step, obstacle);
      continue;
    }
    const ended = await makeAttempt(session, step, rendered.value);
    if (stopReason(session) === "shutdown" && ended.result.status === "cancelled")
      return interrupt(session, step, ended);
    const verdict = isOnlySaid
      ? leftOutVerdict(ended)
      : judgeAttempt(session, step, ended, { variables: variables(), ...answer });
    await commitAttempt(session, step, ended, verdict);
    if (verdict.retryAfterMs === null && !verdict.asksPeople) return "ended";
  }
}

/** True when the step's `if` kept it from running, or in a dry run what it reads; then it has ended. */
export async function isSkipped(
  session: RunSession,
  step: Step,
  variables: () => Record<string, unknown>,
): Promise<boolean> {
  if (recordOf(session, step).state !== "pending") return false;
  const unknown = conditionLeftOut(session, step) ?? (step.if === null ? inputLeftOut(session, step) : null);
  if (unknown !== null) {
    await endWithoutAttempt(session, step, "skipped", unknown);
    return true;
  }
  if (step.if === null) return false;
  const condition = evaluate(() => step.if?.evaluate(variables()), "if");
  if (condition.ok && condition.value === true) {
    const missing = inputLeftOut(session, step);
    if (missing !== null) await endWithoutAttempt(session, step, "skipped", missing);
    return missing !== null;
  }
  if (condition.ok) await endWithoutAttempt(session, step, "skipped", `if: ${step.if.source} was false`);
  else await endWithoutAttempt(session, step, "failed", condition.message);
  return true;
}

/** A `wait: 5m` step: its own time, which goes on while the service is down. */
async function executeWait(session: RunSession, step: Step, durationMs: number): Promise<Progress> {
  const record = recordOf(session, step);
  const nowMs = session.dependencies.clock.nowMs();
  const untilMs = record.waitUntilMs ?? nowMs + durationMs;
  if (record.waitUntilMs === null) {
    await commitOwned(session, (tx) => setStepWait(tx, session.run.id, step.id, untilMs, nowMs));
    setRecord(session, step.id, { state: "running", startedAtMs: nowMs, waitUntilMs: untilMs });
  }
  if ((await waitUntil(session, step, untilMs)) === "released") return "released";
  if (stopReason(session) !== null)
    return endWithoutAttempt(session, step, "cancelled", "the run was stopped while it waited");
  return endWithoutAttempt(session, step, "succeeded", null);
}

/** Sleeps for a short wait; gives the run back for a long one, or when the service stops. */
async function waitUntil(session: RunSession, step: Step, untilMs: number | null): Promise<Progress> {
  const { clock } = session.dependencies;
  if (untilMs === null) return "ended";
  const waitMs = untilMs - clock.nowMs();
  if ((waitMs > PARK_AFTER_MS && session.mayPark) || session.isDraining) return park(session, step, untilMs);
  if (waitMs > 0) await sleepUntilDrain(session, untilMs);
  return session.isDraining ? park(session, step, untilMs) : "ended";
}

/** In pieces: a wait that may not give the run back must not hold up the end of the service. */
async function sleepUntilDrain(session: RunSession, untilMs: number): Promise<void> {
  const { clock } = session.dependencies;
  while (!session.isDraining && stopReason(session) === null) {
    const leftMs = untilMs - clock.nowMs();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(leftMs, SLEEP_PIECE_MS), session.stop.signal).catch(() => {});
  }
}

const SLEEP_PIECE_MS = 1_000;

async function park(session: RunSession, step: Step, untilMs: number): Promise<Progress> {
  const { bells, log } = session.dependencies;
  // Its time is kept with the step; who goes through several items hands the run back once all have come to rest.
  if (!session.mayPark) return "released";
  // The run's own limit is looked at when it is taken up again: a longer wait ends there.
  const deadlineMs = deadlineOf(session);
  const isWithin = deadlineMs <= session.dependencies.clock.nowMs() || untilMs < deadlineMs;
  await commitOwned(session, (tx) => parkRun(tx, session.ownership, isWithin ? untilMs : deadlineMs));
  session.parking.isParked = true;
  bells.runs.ring();
  log.debug({ runId: session.run.id, stepId: step.id, untilMs }, "run parked");
  return "released";
}

/** It failed before it could be tried, and a person is asked. */
async function suspend(session: RunSession, step: Step, text: string | null): Promise<void> {
  const { attempts } = recordOf(session, step);
  const atMs = session.dependencies.clock.nowMs();
  const message = redactionOf(session).textOrNull(text);
  const failure = { status: "failed", attempts, exitCode: null, message, facts: null, atMs } as const;
  await commitOwned(session, (tx) => askAboutFailure(tx, session, step, failure));
  setRecord(session, step.id, { state: "running", message, facts: null, waitUntilMs: null });
}

async function endWithoutAttempt(
  session: RunSession,
  step: Step,
  status: StepEnd,
  text: string | null,
): Promise<Progress> {
  const { clock, metrics } = session.dependencies;
  const message = redactionOf(session).textOrNull(text);
  const atMs = clock.nowMs();
  const end = { status, exitCode: null, message, atMs, facts: null };
  await commitOwned(session, (tx) => endStep(tx, session.run.id, step.id, end));
  setRecord(session, step.id, { state: status, message, finishedAtMs: atMs, waitUntilMs: null });
  metrics.stepsFinished.inc({ verb: step.verb, status });
  return "ended";
}

/** The service stops and the step outlived its grace: a read step will be tried again, a change step is never run again. */
async function interrupt(session: RunSession, step: Step, ended: AttemptEnded): Promise<Progress> {
  const message = "the service was stopped while the step ran";
  const isRepeated = step.onInterrupt === "retry" || isLeftOut(session.run, step);
  await commitAttempt(session, step, ended, {
    status: "interrupted",
    message,
    facts: null,
    retryAfterMs: isRepeated ? 0 : null,
    asksPeople: false,
  });
  return "ended";
}

function renderAttempt(
  session: RunSession,
  step: Step,
  variables: Record<string, unknown>,
): Evaluated<RenderedStep> {
  return evaluate(() => {
    const { action, env } = renderStep(session.frame.body, step, variables);
    const shown = isLeftOut(session.run, step) ? shownStep(session, step, variables) : null;
    return { spec: action.spec, env, shown, host: hostOf(session.run.plan, step.id) ?? LOCAL };
  }, "the step's templates");
}

/** Whether the step's end fails the run. Evidence never does, unless the step says that it must be had (`critical`). */
export function failsRun(step: Step, record: StepRecord): boolean {
  if (record.state === "succeeded" || record.state === "skipped") return false;
  if (record.state === "cancelled" || (record.state === "interrupted" && step.effect !== "read")) return true;
  return !step.continueOnError;
}
