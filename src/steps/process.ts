import { LOCAL_HOST } from "../hosts/host.ts";
import { type Command, type ExecutionResult, type Executor, ExecutorError } from "../executors/executor.ts";
import { formatDurationMs } from "../platform/durations.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";
import { parseResultJson } from "./json-result.ts";

/** From TERM to KILL for a step that does not end in its time. */
const KILL_GRACE_MS = 1_500;

/** Runs one process for a step, its output into the step's logs. */
export async function runProcess(
  context: StepContext,
  argv: readonly [string, ...string[]],
  executor: Executor,
): Promise<AttemptResult> {
  const cwd = context.host.name === LOCAL_HOST ? context.run.dir : null;
  const command: Command = { argv, env: context.env, stdin: null, cwd, become: context.step.become };
  try {
    const result = await executor.run(context.host, command, {
      cookie: context.cookie,
      limits: { timeoutMs: context.timeoutMs, killGraceMs: KILL_GRACE_MS },
      output: context.output,
      signal: context.signal,
    });
    return describe(result, context);
  } catch (error) {
    if (error instanceof ExecutorError) return failed(error.message, { didNotStart: true });
    throw error;
  }
}

function describe(result: ExecutionResult, context: StepContext): AttemptResult {
  const json = parseJson(context.output.stdoutText());
  switch (result.kind) {
    case "exited":
      return judgeExit(result.exitCode, json);
    case "signalled":
      return failed(`was ended by ${result.signal}`, { json });
    case "timed_out":
      return ended("timed_out", `took longer than ${formatDurationMs(context.timeoutMs)}`, { json });
    case "cancelled":
      return ended("cancelled", "was stopped");
    case "lost":
      return ended("interrupted", `nobody knows how it ended: ${result.message}`);
  }
}

/** A command that ended by itself. */
export function judgeExit(exitCode: number, json: unknown): AttemptResult {
  return exitCode === 0
    ? succeeded({ exitCode, json })
    : failed(`exited with ${exitCode}`, { exitCode, json });
}

/** An object or list that a command printed as JSON, null for anything else. */
export function parseJson(text: string): unknown {
  const start = text.trimStart().charAt(0);
  if (start !== "{" && start !== "[") return null;
  return parseResultJson(text) ?? null;
}
