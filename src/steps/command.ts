import type { Executor } from "../executors/executor.ts";
import type { CommandSpec } from "../runbooks/verbs/command.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { runProcess } from "./process.ts";

/** `command`: a program and its arguments, never seen by a shell. */
export function runCommand(
  context: StepContext,
  spec: CommandSpec,
  executor: Executor,
): Promise<AttemptResult> {
  return runProcess(context, spec, executor);
}
