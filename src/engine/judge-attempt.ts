import { ExpressionError } from "../expressions/cel.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { StepEnd } from "../runs/states.ts";
import type { AttemptEnded, AttemptVerdict } from "./attempt.ts";
import { type RunSession, stopReason } from "./session.ts";

interface Judging {
  /** What the step's expressions see beside its own result. */
  readonly variables: Record<string, unknown>;
  /** Attempts that its retries do not count. */
  readonly attemptsBefore: number;
}

/** What the attempt means: what the step says of it, then whether it may be tried again, or people are asked. */
export function judgeAttempt(
  session: RunSession,
  step: Step,
  ended: AttemptEnded,
  { variables, attemptsBefore }: Judging,
): AttemptVerdict {
  const { result } = ended;
  const { status, message, outputs } = judgeResult(step, ended, variables);
  const isRetried = mayRetry(session, step, { ...ended, number: ended.number - attemptsBefore }, status);
  const asksPeople =
    step.askOnFailure !== null &&
    !session.run.isDryRun &&
    !isRetried &&
    stopReason(session) === null &&
    (status === "failed" || status === "timed_out");
  return {
    status,
    message,
    facts: {
      stdout: ended.stdout,
      json: result.json,
      value: result.value,
      response: result.response,
      outputs,
    },
    retryAfterMs: isRetried ? step.delayMs : null,
    asksPeople,
  };
}

interface Judged {
  readonly status: StepEnd;
  readonly message: string | null;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * The attempt's own status, then `until`, `fail_if` and `outputs`. `until` says what is a success, also of an attempt that failed: a
 * probe that cannot connect yet is what one waits with. None of the two that follow can be made good by it.
 */
function judgeResult(
  step: Step,
  { result, stdout }: AttemptEnded,
  variables: Record<string, unknown>,
): Judged {
  const own = {
    ...variables,
    stdout,
    ...(result.exitCode === null ? {} : { exit_code: result.exitCode }),
    ...(result.json === null ? {} : { json: result.json }),
    ...(result.value === null ? {} : { value: result.value }),
    ...(result.response === null ? {} : { response: result.response }),
  };
  let { status, message }: { status: StepEnd; message: string | null } = result;
  if (step.until !== null && (status === "succeeded" || status === "failed")) {
    const reached = evaluate(() => step.until?.evaluate(own), "until");
    if (reached.ok && reached.value === true) [status, message] = ["succeeded", null];
    else if (status === "succeeded")
      [status, message] = [
        "failed",
        reached.ok ? `until: ${step.until.source} is not yet true` : reached.message,
      ];
  }
  if (result.status !== "succeeded" && status !== "succeeded") return { status, message, outputs: {} };
  if (step.failIf !== null) {
    const failed = evaluate(() => step.failIf?.evaluate(own), "fail_if");
    if (!failed.ok) return { status: "failed", message: failed.message, outputs: {} };
    if (failed.value === true)
      return { status: "failed", message: `fail_if: ${step.failIf.source}`, outputs: {} };
  }
  const outputs: Record<string, unknown> = {};
  for (const [name, expression] of step.outputs) {
    const output = evaluate(() => expression.evaluate(own), `outputs.${name}`);
    if (output.ok) outputs[name] = output.value;
    else if (status === "succeeded") [status, message] = ["failed", output.message];
  }
  return { status, message, outputs };
}

function mayRetry(session: RunSession, step: Step, ended: AttemptEnded, status: StepEnd): boolean {
  if (stopReason(session) !== null || ended.number > step.retries || ended.result.isPermanent) return false;
  // Interrupted: the connection broke in the middle. Only what changes nothing is tried again then.
  if (status === "interrupted") return step.effect === "read";
  if (status !== "failed" && status !== "timed_out") return false;
  return step.effect === "read" || ended.result.didNotStart || step.retryOn.includes(status);
}

/** A value, or why there is none. */
export type Evaluated<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

/** Does what may meet an error in an expression; `what` begins the message of one. */
export function evaluate<Value>(work: () => Value, what: string): Evaluated<Value> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { ok: false, message: `${what}: ${error.message}` };
  }
}
