import type { Section, Step } from "../runbooks/runbook.ts";
import { isNesting } from "../runbooks/verbs.ts";
import type { StepRecord } from "../runs/records.ts";
import { isFinalStep, type RunEnd } from "../runs/states.ts";
import { readRun } from "../store/runs.ts";
import { type BodyEnd, executeCall, executeLoop } from "./nesting.ts";
import { type Progress, recordOf, renewStop, type RunSession, stopReason } from "./session.ts";
import { executeStep, failsRun } from "./step.ts";
import { runbookVariables } from "./variables.ts";

/** How far the steps before `on_failure` and `finally` came. */
export interface Course {
  readonly end: RunEnd;
  readonly failedStep: string | null;
}

/** Runs the steps in order from the first that has not ended. Stops at the first whose end fails the run. */
export async function executeSection(
  session: RunSession,
  section: Section,
  course: Course | null,
): Promise<Progress> {
  for (const step of stepsOf(session, section)) {
    if (!isFinalStep(recordOf(session, step).state)) {
      if (session.isDraining) return "released";
      if (course === null) await stopIfAlertEnded(session, step);
      // What was begun inside of a step is tidied up there, also after a wait that gave the run back.
      const isUnderWay = isNesting(step.verb) && recordOf(session, step).state === "running";
      if (stopReason(session) !== null && !isUnderWay) return "ended";
      const variables = () => runbookVariables(session, course?.end ?? "running", course?.failedStep ?? null);
      if (course === null) session.currentSteps.add(step);
      const progress = await executeAny(session, step, variables).finally(() =>
        session.currentSteps.delete(step),
      );
      if (progress === "released" || !isFinalStep(recordOf(session, step).state)) return "released";
    }
    // A step of on_failure or finally that fails is recorded, and the next one runs all the same.
    if (course === null && failsRun(step, recordOf(session, step))) return "ended";
  }
  return "ended";
}

function executeAny(
  session: RunSession,
  step: Step,
  variables: () => Record<string, unknown>,
): Promise<Progress> {
  if (step.verb === "for_each") return executeLoop(session, step, { variables, executeBody });
  if (step.verb === "runbook") return executeCall(session, step, { variables, executeBody });
  return executeStep(session, step, variables);
}

function stepsOf({ frame: { body } }: RunSession, section: Section): readonly Step[] {
  return section === "steps" ? body.steps : section === "on_failure" ? body.onFailure : body.finally;
}

/** The steps inside of a step, with what follows a failure of one of them, and what follows in any case. */
async function executeBody(session: RunSession): Promise<BodyEnd> {
  if ((await executeSection(session, "steps", null)) === "released")
    return { progress: "released", failed: null };
  const failed = firstFailure(session);
  const course: Course = { end: endOf(session, failed), failedStep: failed?.id ?? null };
  renewStop(session);
  if (isFailure(course.end)) {
    if ((await executeSection(session, "on_failure", course)) === "released")
      return { progress: "released", failed };
    renewStop(session);
  }
  return { progress: await executeSection(session, "finally", course), failed };
}

/** The first step that fails the run; read from committed states alone, so that it is the same after a restart. */
export function firstFailure(session: RunSession): StepRecord | null {
  const failed = session.frame.body.steps.find((step) => {
    const record = recordOf(session, step);
    return isFinalStep(record.state) && failsRun(step, record);
  });
  return failed === undefined ? null : recordOf(session, failed);
}

function endOf(session: RunSession, failed: StepRecord | null): RunEnd {
  const stopped = stopReason(session);
  if (stopped === "timed_out") return "timed_out";
  if (stopped === "cancelled" || stopped === "alert_ended") return "cancelled";
  if (failed === null) return "succeeded";
  if (failed.state === "cancelled" || failed.state === "interrupted" || failed.state === "rejected")
    return failed.state;
  return "failed";
}

/** `on_failure` follows such an end. */
export function isFailure(end: RunEnd): boolean {
  return end === "failed" || end === "timed_out" || end === "interrupted" || end === "rejected";
}

/** Asked anew before each step: the word of the dispatcher takes seconds. A critical step that began, before a restart say, is finished first. */
async function stopIfAlertEnded(session: RunSession, next: Step): Promise<void> {
  const { run, dependencies } = session;
  // One that waited for people counts as pending, so that the end of its alert may have stopped it under other settings too.
  if (run.onResolve.kind !== "cancel" && !session.alert.hasEnded) return;
  if (!session.alert.hasEnded)
    session.alert.hasEnded =
      (await readRun(dependencies.store.reader, run.id))?.cancelBecause === "alert_ended";
  const hasBegun = recordOf(session, next).state === "running";
  if (session.alert.hasEnded && !(next.isCritical && hasBegun)) session.stop.abort("alert_ended");
}
