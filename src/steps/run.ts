import type { Executor } from "../executors/executor.ts";
import { scriptArgv } from "../executors/scripts.ts";
import type { RunSpec } from "../runbooks/verbs/run.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { runProcess } from "./process.ts";

/** `run`: a script exactly as written; values reach it by the environment. */
export function runScript(context: StepContext, spec: RunSpec, executor: Executor): Promise<AttemptResult> {
  return runProcess(context, scriptArgv(spec.shell, spec.script), executor);
}
