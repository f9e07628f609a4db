import { mkdir, rm } from "node:fs/promises";
import { writeWithRoom } from "../platform/disk.ts";
import { ExpressionError } from "../expressions/cel.ts";
import { isFinalStep, type RunEnd } from "../runs/states.ts";
import { parkRun, StaleFenceError } from "../store/run-ownership.ts";
import { readPendingApprovals } from "../store/approvals.ts";
import { readRun } from "../store/runs.ts";
import { insertSteps, readSteps } from "../store/steps.ts";
import type { Tx } from "../store/store.ts";
import { waitForPeople } from "../store/waiting-runs.ts";
import { workFolder } from "./dependencies.ts";
import { finishRun, type RunEnding } from "./end-run.ts";
import { allInstances } from "./frames.ts";
import { renderResult } from "./nesting.ts";
import { closeInputs, openInputs, RunInputError } from "./run-inputs.ts";
import { type Course, executeSection, firstFailure, isFailure } from "./sections.ts";
import {
  commitOwned,
  deadlineOf,
  type Progress,
  recordOf,
  renewStop,
  type RunSession,
  stopReason,
} from "./session.ts";
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
    session.opened = await writeWithRoom(dependencies.disk, async () => {
      await mkdir(workFolder(dependencies, run.id), { recursive: true, mode: 0o700 });
      return openInputs(dependencies, run);
    });
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
  if (isFailure(course.end) && (await executeSection(session, "on_failure", course)) === "released")
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
  const waits = await commitOwned(session, (tx) => giveBack(session, tx));
  const what = waits ? "run waits for people" : "run handed back, to go on";
  if (waits) session.dependencies.killPoints.reached("after-wait-for-people");
  session.dependencies.log.info({ runId: session.run.id }, what);
  session.dependencies.bells.runs.ring();
  session.dependencies.bells.timers.ring();
  session.dependencies.bells.outbox.ring();
  return "released";
}

/** True when the run waits for people now. Where one of them has answered meanwhile, it goes on at once. */
async function giveBack(session: RunSession, tx: Tx): Promise<boolean> {
  const { ownership, parking, isDraining, dependencies } = session;
  const pending = (await readPendingApprovals(tx, ownership.runId)).map(({ id }) => id);
  const isAnswered = [...parking.asked].some((id) => !pending.includes(id));
  const isAsking = parking.asked.size > 0 && !isAnswered && !(await wasCancelledUnseen(session, tx));
  const waits = isAsking && !isDraining;
  if (waits) await waitForPeople(tx, ownership, await dependencies.store.nowMs(tx));
  else await parkRun(tx, ownership, null);
  return waits;
}

/** Somebody cancelled the run while this session came to rest: the next one begins with that. */
async function wasCancelledUnseen(session: RunSession, tx: Tx): Promise<boolean> {
  if (session.isCancelled || session.alert.hasEnded || session.run.cancelRequestedAtMs !== null) return false;
  return (await readRun(tx, session.run.id))?.cancelRequestedAtMs !== null;
}

function courseOf(session: RunSession): RunCourse {
  const stopped = stopReason(session);
  const failed = firstFailure(session);
  const isWhole = session.frame.body.steps.every((step) => isFinalStep(recordOf(session, step).state));
  if (failed === null && isWhole) return { end: "succeeded", failedStep: null, message: null };
  // What failed by itself has ended the steps; the run's time may run out in what follows them.
  const isLate = stopped === "timed_out" && failed !== null && failed.state !== "cancelled";
  if (!isLate && (stopped === "timed_out" || stopped === "cancelled" || stopped === "alert_ended")) {
    const end = stopped === "timed_out" ? stopped : "cancelled";
    return { end, failedStep: failed?.id ?? null, message: STOP_MESSAGES[stopped] };
  }
  if (failed === null) return { end: "succeeded", failedStep: null, message: null };
  const end =
    failed.state === "cancelled" ||
    failed.state === "rejected" ||
    (failed.state === "interrupted" && failed.effect !== "read")
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

function startRunTimeout(session: RunSession): NodeJS.Timeout {
  const { stop } = session;
  const leftMs = deadlineOf(session) - session.dependencies.clock.nowMs();
  if (leftMs <= 0) stop.abort("timed_out");
  return setTimeout(() => stop.abort("timed_out"), Math.max(0, leftMs));
}
