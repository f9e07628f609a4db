import { inputsForExpressions } from "../runbooks/plan.ts";
import type { StepRecord } from "../runs/records.ts";
import { runUrl, workFolder } from "./dependencies.ts";
import type { RunSession } from "./session.ts";

/** What a runbook's expressions see: inputs, steps and run. A runbook never sees the alert. */
export function runbookVariables(
  session: RunSession,
  status: string,
  failedStep: string | null,
): Record<string, unknown> {
  const { run } = session;
  return {
    inputs: inputsForExpressions(run.plan, session.opened),
    steps: Object.fromEntries([...session.steps.values()].map((step) => [step.id, stepVariables(step)])),
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

/** What has no value is left out, so that an expression that reads it without a guard is an error and never an empty value. */
function stepVariables(step: StepRecord): Record<string, unknown> {
  const { facts, startedAtMs, finishedAtMs } = step;
  const known = {
    exit_code: step.exitCode,
    stdout: facts?.stdout,
    json: facts?.json,
    value: facts?.value,
    response: facts?.response,
    duration: startedAtMs === null || finishedAtMs === null ? null : (finishedAtMs - startedAtMs) / 1000,
  };
  const present = Object.entries(known).filter(([, value]) => value !== null && value !== undefined);
  return { status: step.state, outputs: facts?.outputs ?? {}, ...Object.fromEntries(present) };
}
