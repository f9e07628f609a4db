import { mkdir, rm } from "node:fs/promises";
import { ExpressionError } from "../expressions/cel.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { Section } from "../runs/records.ts";
import { isFinalStep, type RunEnd } from "../runs/states.ts";
import { parkRun, StaleFenceError } from "../store/run-ownership.ts";
import { readRun } from "../store/runs.ts";
import { insertSteps, readSteps } from "../store/steps.ts";
import { workFolder } from "./dependencies.ts";
import { finishRun } from "./end-run.ts";
import { commitOwned, type Progress, recordOf, type RunSession, stopReason } from "./session.ts";
import { openInputs, RunInputError } from "./run-inputs.ts";
import { beginSilences } from "./silences.ts";
import { executeStep, failsRun } from "./step.ts";
import { runbookVariables } from "./variables.ts";

/** How far the steps of a run came, read from their committed states alone, so that it is the same after a restart. */
interface Course {
  readonly end: RunEnd;
  readonly failedStep: string | null;
  readonly message: string | null;
}

/**
 * Executes a claimed run to its end, or until it is given back. Finished steps are never run again: whatever was committed
 * decides where it goes on.
 */
export async function executeRun(session: RunSession): Promise<void> {
  const { dependencies, run } = session;
  const timeout = startRunTimeout(session);
  try {
    await loadSteps(session);
    await beginSilences(session);
    await mkdir(workFolder(dependencies, run.id), { recursive: true, mode: 0o700 });
    session.opened = await openInputs(dependencies, run);
    if ((await executeSections(session)) === "released") return;
    await rm(workFolder(dependencies, run.id), { recursive: true, force: true });
  } catch (error) {
    if (error instanceof RunInputError) {
      const { message } = error;
      await finishRun(session, { end: "failed", failedStep: null, message, summary: null });
      return;
    }
    // Another node has the run: it writes, we stop. Anything else is for the caller.
    if (!(error instanceof StaleFenceError)) throw error;
    session.stop.abort("stale");
    dependencies.log.warn(
      { runId: run.id, fence: session.ownership.fence },
      "run was taken over by another node",
    );
  } finally {
    clearTimeout(timeout);
  }
}

async function executeSections(session: RunSession): Promise<Progress> {
  const { runbook } = session;
  if ((await executeSection(session, runbook.steps, null)) === "released") return "released";
  const course = courseOf(session);
  renewStop(session);
  const isFailure = course.end === "failed" || course.end === "timed_out" || course.end === "interrupted";
  if (isFailure && (await executeSection(session, runbook.onFailure, course)) === "released")
    return "released";
  renewStop(session);
  if ((await executeSection(session, runbook.finally, course)) === "released") return "released";
  session.dependencies.killPoints.reached("after-last-step");
  const end = wasCutOff(session) ? "interrupted" : course.end;
  await finishRun(session, { ...course, end, summary: renderSummary(session, course) });
  return "ended";
}

/** A change was cut off somewhere, be it while cleaning up: a person has to look, whatever the steps before came to. */
function wasCutOff(session: RunSession): boolean {
  return [...session.steps.values()].some((step) => step.state === "interrupted" && step.effect !== "read");
}

/** Runs the steps in order from the first that has not ended. Stops at the first whose end fails the run. */
async function executeSection(
  session: RunSession,
  steps: readonly Step[],
  course: Course | null,
): Promise<Progress> {
  for (const step of steps) {
    if (!isFinalStep(recordOf(session, step).state)) {
      if (session.isDraining) return release(session);
      if (course === null) await stopIfAlertEnded(session, step);
      if (stopReason(session) !== null) return "ended";
      const variables = () => runbookVariables(session, course?.end ?? "running", course?.failedStep ?? null);
      session.currentStep = course === null ? step : null;
      const progress = await executeStep(session, step, variables);
      session.currentStep = null;
      if (progress === "released") return "released";
      if (!isFinalStep(recordOf(session, step).state)) return release(session);
    }
    // A step of on_failure or finally that fails is recorded, and the next one runs all the same.
    if (course === null && failsRun(step, recordOf(session, step))) return "ended";
  }
  return "ended";
}

/** Asked anew before each step: the word of the dispatcher takes seconds. A critical step that began, before a restart say, is finished first. */
async function stopIfAlertEnded(session: RunSession, next: Step): Promise<void> {
  const { run, dependencies } = session;
  if (run.onResolve.kind !== "cancel") return;
  if (!session.hasAlertEnded)
    session.hasAlertEnded =
      (await readRun(dependencies.store.reader, run.id))?.cancelBecause === "alert_ended";
  const hasBegun = recordOf(session, next).state === "running";
  if (session.hasAlertEnded && !(next.isCritical && hasBegun)) session.stop.abort("alert_ended");
}

async function release(session: RunSession): Promise<Progress> {
  await commitOwned(session, (tx) => parkRun(tx, session.ownership, null));
  session.dependencies.log.info({ runId: session.run.id }, "run handed back, to go on after the start");
  return "released";
}

function courseOf(session: RunSession): Course {
  const stopped = stopReason(session);
  const failed = session.runbook.steps.find((step) => {
    const record = recordOf(session, step);
    return isFinalStep(record.state) && failsRun(step, record);
  });
  const record = failed === undefined ? null : recordOf(session, failed);
  const isWhole = session.runbook.steps.every((step) => isFinalStep(recordOf(session, step).state));
  if (record === null && isWhole) return { end: "succeeded", failedStep: null, message: null };
  if (stopped === "timed_out" || stopped === "cancelled" || stopped === "alert_ended") {
    const end = stopped === "timed_out" ? stopped : "cancelled";
    return { end, failedStep: failed?.id ?? null, message: STOP_MESSAGES[stopped] };
  }
  if (record === null) return { end: "succeeded", failedStep: null, message: null };
  const end =
    record.state === "cancelled" || (record.state === "interrupted" && record.effect !== "read")
      ? record.state
      : "failed";
  return { end, failedStep: record.id, message: record.message };
}

const STOP_MESSAGES = {
  timed_out: "the run took longer than its timeout",
  cancelled: "the run was cancelled",
  alert_ended: "the alert ended while the run was under way, and its rule cancels it then",
} as const;

/**
 * What follows the steps has its own time, and its steps have limits of their own: neither the run's timeout nor a
 * cancellation reaches into it. The end of the service, and another owner, do.
 */
function renewStop(session: RunSession): void {
  const reason = stopReason(session);
  if (reason !== "shutdown" && reason !== "stale") session.stop = new AbortController();
}

function renderSummary(session: RunSession, course: Course): string | null {
  if (session.runbook.summary === null) return null;
  try {
    return String(session.runbook.summary.render(runbookVariables(session, course.end, course.failedStep)));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return `The summary could not be written: ${error.message}`;
  }
}

async function loadSteps(session: RunSession): Promise<void> {
  const { dependencies, run, runbook } = session;
  let records = await readSteps(dependencies.store.reader, run.id);
  if (records.length === 0) {
    const sections: [Section, readonly Step[]][] = [
      ["steps", runbook.steps],
      ["on_failure", runbook.onFailure],
      ["finally", runbook.finally],
    ];
    const planned = sections.flatMap(([section, steps]) => steps.map((step) => ({ section, step })));
    const rows = planned.map(({ section, step }, position) => ({
      runId: run.id,
      id: step.id,
      section,
      position,
      verb: step.verb,
      effect: step.effect,
    }));
    records = await commitOwned(session, async (tx) => {
      await insertSteps(tx, dependencies.store.dialect, rows);
      return readSteps(tx, run.id);
    });
  }
  for (const record of records) session.steps.set(record.id, record);
}

/** The run's own limit counts from its first start; a restart does not give it more time. */
function startRunTimeout(session: RunSession): NodeJS.Timeout {
  const { run, runbook, dependencies } = session;
  const elapsedMs = dependencies.clock.nowMs() - (run.startedAtMs ?? dependencies.clock.nowMs());
  const stop = session.stop;
  if (elapsedMs >= runbook.timeoutMs) stop.abort("timed_out");
  return setTimeout(() => stop.abort("timed_out"), Math.max(0, runbook.timeoutMs - elapsedMs));
}
