import { ExpressionError } from "../expressions/cel.ts";
import type { Template } from "../expressions/templates.ts";
import type { Step } from "../runbooks/runbook.ts";
import { parallelOf } from "../runbooks/verbs/for-each.ts";
import type { StepFacts, StepRecord } from "../runs/records.ts";
import { isFinalStep, type StepEnd } from "../runs/states.ts";
import { endStep, startStep } from "../store/steps.ts";
import { measureAtStart } from "./asserts.ts";
import { callFrame, type Frame, itemFrames } from "./frames.ts";
import { itemResults, namesOf, statusOf } from "./loop-items.ts";
import {
  branch,
  commitOwned,
  type Progress,
  recordOf,
  type RunSession,
  setRecord,
  stopReason,
} from "./session.ts";
import { isSkipped } from "./step.ts";
import { runbookVariables } from "./variables.ts";

// Steps that are made of other steps. Their own row says when they began and what became of them; what they did is in the
// rows of the steps inside.

type Loop = Extract<Step, { verb: "for_each" }>;
type Call = Extract<Step, { verb: "runbook" }>;

/** What a step needs that is made of other steps. */
export interface Nesting {
  readonly variables: () => Record<string, unknown>;
  /** Goes through the steps at the session's frame. */
  readonly executeBody: (session: RunSession) => Promise<BodyEnd>;
}

/** How the steps inside of a step ended: the first that failed, or null. */
export interface BodyEnd {
  readonly progress: Progress;
  readonly failed: StepRecord | null;
}

/**
 * The same steps for each item, some items at a time. With `max_failures` failed items no further one begins; those under
 * way are finished. An item that has ended is not gone through again after a restart.
 */
export async function executeLoop(
  session: RunSession,
  step: Loop,
  { variables, executeBody }: Nesting,
): Promise<Progress> {
  if (await isSkipped(session, step, variables)) return "ended";
  await begin(session, step);
  const frames = itemFrames(session, session.frame, step);
  const waiting = [...frames];
  let isReleased = false;
  const work = async () => {
    for (;;) {
      if (isReleased || session.isDraining) return;
      const frame = waiting.shift();
      if (frame === undefined) return;
      if (statusOf(session, frame) !== "pending" && isWhole(session, frame)) continue;
      const isOver = stopReason(session) !== null || failuresIn(session, frames) >= step.spec.failuresMax;
      // One under way is brought to its end, be it only by what follows its steps.
      if (isOver && !hasBegun(session, frame)) continue;
      const item = branch(session, frame, false);
      const { progress } = await executeBody(item).finally(() => session.stops.delete(item.stop));
      if (progress === "released") isReleased = true;
    }
  };
  const workAll = () => Promise.all(Array.from({ length: parallelOf(step.spec, frames.length) }, work));
  await workAll();
  if (isReleased && stopReason(session) !== null && !session.isDraining) {
    // Stopped while an item waited for people: nobody is waited for any more, and the item is tidied up.
    isReleased = false;
    waiting.push(...frames);
    await workAll();
  }
  if (isReleased || session.isDraining) return "released";
  return endLoop(session, step, frames);
}

function hasBegun(session: RunSession, frame: Frame | undefined): boolean {
  return frame !== undefined && frame.body.steps.some((step) => recordOf(session, step).state !== "pending");
}

/** Every step of the item has ended, also those that follow a failure. */
function isWhole(session: RunSession, { body }: Frame): boolean {
  const isEnded = (step: Step) => isFinalStep(recordOf(session, step).state);
  const hasFailed = body.steps.some((step) => recordOf(session, step).state === "failed");
  const reached = hasFailed ? body.steps.filter(isEnded) : body.steps;
  return [...reached, ...(hasFailed ? body.onFailure : []), ...body.finally].every(isEnded);
}

function failuresIn(session: RunSession, frames: readonly Frame[]): number {
  return frames.filter((frame) => statusOf(session, frame) === "failed").length;
}

async function endLoop(session: RunSession, step: Loop, frames: readonly Frame[]): Promise<Progress> {
  const items = itemResults(session, step, frames);
  const failed = items.filter((item) => item.status === "failed");
  const isOpen = (index: number) => items[index]?.status === "pending";
  const cut = items.filter((_, index) => isOpen(index) && hasBegun(session, frames[index]));
  const untouched = items.filter((_, index) => isOpen(index) && !hasBegun(session, frames[index]));
  const rest =
    (cut.length === 0 ? "" : `; ${cut.length} were cut short (${namesOf(cut)})`) +
    (untouched.length === 0 ? "" : `; ${untouched.length} were not begun`);
  const message =
    failed.length === 0 ? null : `${failed.length} of ${items.length} failed (${namesOf(failed)})${rest}`;
  if (stopReason(session) !== null)
    return end(session, step, "cancelled", message ?? `the run was stopped${rest}`, items);
  const hasFailed = failed.length >= Math.min(step.spec.failuresMax, items.length);
  const status = !hasFailed
    ? "succeeded"
    : frames.some((frame) => wasRejected(session, frame))
      ? "rejected"
      : "failed";
  return end(session, step, status, message, items);
}

/** A person's no, or nobody's yes, stays one outside of the loop. */
function wasRejected(session: RunSession, { body }: Frame): boolean {
  return body.steps.some((step) => recordOf(session, step).state === "rejected");
}

/** The steps of another runbook, with inputs that were bound before the run started. */
export async function executeCall(
  session: RunSession,
  step: Call,
  { variables, executeBody }: Nesting,
): Promise<Progress> {
  if (await isSkipped(session, step, variables)) return "ended";
  const inner = branch(session, callFrame(session, step), session.mayPark);
  try {
    if (recordOf(session, step).state === "pending") {
      const refusal = await measureAtStart(inner);
      if (refusal !== null) return await end(session, step, "failed", refusal.text, null);
    }
    await begin(session, step);
    const { progress, failed } = await executeBody(inner);
    if (progress === "released") return "released";
    if (stopReason(session) !== null)
      return await end(session, step, "cancelled", "the run was stopped inside of it", null);
    if (failed !== null) {
      const why = failed.message === null ? "" : `: ${failed.message}`;
      const status = failed.state === "rejected" ? "rejected" : "failed";
      return await end(session, step, status, `step ${failed.id} ${failed.state}${why}`, null);
    }
    const result = renderResult(inner);
    if (!result.ok) {
      // Its steps have not done what the result tells of.
      const isUnknown = session.run.isDryRun;
      const message = isUnknown ? `dry run: its result is not known: ${result.message}` : result.message;
      return await end(session, step, isUnknown ? "skipped" : "failed", message, null);
    }
    return await end(session, step, "succeeded", null, result.value);
  } finally {
    session.stops.delete(inner.stop);
  }
}

type Rendered =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly message: string };

/** What the runbook of this frame gives back. */
export function renderResult(session: RunSession): Rendered {
  const variables = runbookVariables(session, "succeeded", null);
  const values: [string, unknown][] = [];
  for (const [name, value] of session.frame.runbook.result) {
    try {
      values.push([name, isTemplate(value) ? value.render(variables) : value]);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return { ok: false, message: `result.${name}: ${error.message}` };
    }
  }
  return { ok: true, value: Object.fromEntries(values) };
}

function isTemplate(value: Template | string | number | boolean): value is Template {
  return typeof value === "object";
}

async function begin(session: RunSession, step: Step): Promise<void> {
  if (recordOf(session, step).state !== "pending") return;
  const atMs = session.dependencies.clock.nowMs();
  await commitOwned(session, (tx) => startStep(tx, session.run.id, step.id, atMs));
  setRecord(session, step.id, { state: "running", startedAtMs: atMs });
}

async function end(
  session: RunSession,
  step: Step,
  status: StepEnd,
  message: string | null,
  value: unknown,
): Promise<Progress> {
  const { clock, metrics } = session.dependencies;
  const atMs = clock.nowMs();
  const facts: StepFacts = { stdout: "", json: null, value, response: null, outputs: {} };
  await commitOwned(session, (tx) =>
    endStep(tx, session.run.id, step.id, { status, exitCode: null, message, atMs, facts }),
  );
  setRecord(session, step.id, { state: status, message, finishedAtMs: atMs, facts });
  metrics.stepsFinished.inc({ verb: step.verb, status });
  return "ended";
}
