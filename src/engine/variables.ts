import { inputsForExpressions } from "../runbooks/plan.ts";
import type { OpenedInputs } from "../runbooks/input-variables.ts";
import type { PlannedInputs } from "../runbooks/planned-inputs.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { StepRecord } from "../runs/records.ts";
import { runUrl, workFolder } from "./dependencies.ts";
import { type Frame, localId } from "./frames.ts";
import { secretVariables } from "./secrets.ts";
import type { RunSession } from "./session.ts";

/** What a runbook's expressions see: inputs, steps, run, and the item of a loop. A runbook never sees the alert. */
export function runbookVariables(
  session: RunSession,
  status: string,
  failedStep: string | null,
): Record<string, unknown> {
  const { run, frame } = session;
  return {
    ...frame.items,
    inputs: inputsOf(session),
    steps: stepsOf(session, frame),
    secrets: secretVariables(session.dependencies, frame.runbook.secrets),
    run: {
      id: run.id,
      url: runUrl(session.dependencies, run.id),
      dir: workFolder(session.dependencies, run.id),
      trigger: { kind: run.trigger.kind, principal: run.trigger.principal },
      cause: { title: run.cause.title, url: run.cause.url, started_at: new Date(run.cause.startedAtMs) },
      status,
      failed_step: failedStep ?? "",
    },
  };
}

/** A runbook that a step calls sees those secrets and files of the run that were handed on to it. */
export function inputsOf(session: RunSession, opened = session.opened): Record<string, unknown> {
  const { run, runbook, frame } = session;
  const own = frame.runbook === runbook ? opened : handedOnTo(frame.planned, opened);
  return inputsForExpressions(run.plan, frame.planned, own);
}

function handedOnTo({ handedOn = {} }: PlannedInputs, opened: OpenedInputs): OpenedInputs {
  const pick = (from: ReadonlyMap<string, string>) =>
    new Map(
      Object.entries(handedOn).flatMap(([input, given]) => {
        const value = from.get(given);
        return value === undefined ? [] : [[input, value] as const];
      }),
    );
  return { secrets: pick(opened.secrets), filePaths: pick(opened.filePaths) };
}

function stepsOf(session: RunSession, frame: Frame): Record<string, unknown> {
  const { steps, onFailure, finally: last } = frame.body;
  const own = [...steps, ...onFailure, ...last].flatMap((step: Step) => {
    const record = session.steps.get(step.id);
    return record === undefined ? [] : [[localId(frame, step), stepVariables(record)] as const];
  });
  return { ...(frame.outer === null ? {} : stepsOf(session, frame.outer)), ...Object.fromEntries(own) };
}

/** What has no value is left out, so that an expression that reads it without a guard is an error and never an empty value. */
export function stepVariables(step: StepRecord): Record<string, unknown> {
  const { facts, startedAtMs, finishedAtMs } = step;
  const duration = startedAtMs === null || finishedAtMs === null ? null : (finishedAtMs - startedAtMs) / 1000;
  const known = { ...resultOf(step), duration };
  const present = Object.entries(known).filter(([, value]) => value !== null && value !== undefined);
  return { status: step.state, outputs: facts?.outputs ?? {}, ...Object.fromEntries(present) };
}

function resultOf({ verb, facts, exitCode }: StepRecord): Record<string, unknown> {
  if (verb === "for_each") return { items: facts?.value };
  if (verb === "runbook") return { result: facts?.value };
  return {
    exit_code: exitCode,
    stdout: facts?.stdout,
    json: facts?.json,
    value: facts?.value,
    response: facts?.response,
  };
}
