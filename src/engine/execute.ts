import { mkdir, rm } from "node:fs/promises";
import { ExpressionError } from "../expressions/cel.ts";
import { isFinalStep, type RunEnd } from "../runs/states.ts";
import { parkRun, StaleFenceError } from "../store/run-ownership.ts";
import { insertSteps, readSteps } from "../store/steps.ts";
import { workFolder } from "./dependencies.ts";
import { finishRun, type RunEnding } from "./end-run.ts";
import { allInstances } from "./frames.ts";
import { renderResult } from "./nesting.ts";
import { closeInputs, openInputs, RunInputError } from "./run-inputs.ts";
import { type Course, executeSection, firstFailure } from "./sections.ts";
import { commitOwned, type Progress, recordOf, renewStop, type RunSession, stopReason } from "./session.ts";
import { beginSilences } from "./silences.ts";
import { runbookVariables } from "./variables.ts";

/** How far the steps of a run came, read from their committed states alone, so that it is the same after a restart. */
interface RunCourse extends Course {
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
      await rm(workFolder(dependencies, run.id), { recursive: true, force: true });
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
  if ((await executeSection(session, "steps", null)) === "released") return release(session);
  const course = courseOf(session);
  renewStop(session);
  const isFailure = course.end === "failed" || course.end === "timed_out" || course.end === "interrupted";
  if (isFailure && (await executeSection(session, "on_failure", course)) === "released")
    return release(session);
  renewStop(session);
  if ((await executeSection(session, "finally", course)) === "released") return release(session);
  await closeInputs(session.dependencies, session.run.id);
  session.dependencies.killPoints.reached("after-last-step");
  const end = wasCutOff(session) ? "interrupted" : course.end;
  await finishRun(session, { ...course, ...resultOf(session, end), summary: renderSummary(session, course) });
  return "ended";
}

/** A run whose result cannot be written has not done what its caller wanted; of a dry run nobody wants more than it can know. */
function resultOf(
  session: RunSession,
  end: RunEnd,
): Pick<RunEnding, "end" | "result"> & { message?: string } {
  if (end !== "succeeded" || session.runbook.result.size === 0) return { end, result: null };
  const rendered = renderResult(session);
  if (!rendered.ok && session.run.isDryRun) return { end, result: null };
  return rendered.ok
    ? { end, result: rendered.value }
    : { end: "failed", result: null, message: rendered.message };
}

/** A change was cut off somewhere, be it while cleaning up: a person has to look, whatever the steps before came to. */
function wasCutOff(session: RunSession): boolean {
  return [...session.steps.values()].some((step) => step.state === "interrupted" && step.effect !== "read");
}

async function release(session: RunSession): Promise<Progress> {
  if (session.parking.isParked) return "released";
  await commitOwned(session, (tx) => parkRun(tx, session.ownership, null));
  session.dependencies.log.info({ runId: session.run.id }, "run handed back, to go on after the start");
  return "released";
}

function courseOf(session: RunSession): RunCourse {
  const stopped = stopReason(session);
  const failed = firstFailure(session);
  const isWhole = session.frame.body.steps.every((step) => isFinalStep(recordOf(session, step).state));
  if (failed === null && isWhole) return { end: "succeeded", failedStep: null, message: null };
  if (stopped === "timed_out" || stopped === "cancelled" || stopped === "alert_ended") {
    const end = stopped === "timed_out" ? stopped : "cancelled";
    return { end, failedStep: failed?.id ?? null, message: STOP_MESSAGES[stopped] };
  }
  if (failed === null) return { end: "succeeded", failedStep: null, message: null };
  const end =
    failed.state === "cancelled" || (failed.state === "interrupted" && failed.effect !== "read")
      ? failed.state
      : "failed";
  return { end, failedStep: failed.id, message: failed.message };
}

const STOP_MESSAGES = {
  timed_out: "the run took longer than its timeout",
  cancelled: "the run was cancelled",
  alert_ended: "the alert ended while the run was under way, and its rule cancels it then",
} as const;

function renderSummary(session: RunSession, course: RunCourse): string | null {
  if (session.runbook.summary === null) return null;
  try {
    return String(session.runbook.summary.render(runbookVariables(session, course.end, course.failedStep)));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return `The summary could not be written: ${error.message}`;
  }
}

async function loadSteps(session: RunSession): Promise<void> {
  const { dependencies, run } = session;
  let records = await readSteps(dependencies.store.reader, run.id);
  if (records.length === 0) {
    const rows = allInstances(session).map(({ step, section }, position) => ({
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
