import { scriptArgv } from "../executors/scripts.ts";
import type { Specs } from "../runbooks/runbook.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";
import { runProcess } from "./process.ts";
import { type PutPreviewDependencies, putDifference } from "./put-difference.ts";
import { wouldText } from "./would.ts";

/** Looking at the file that a put would replace. */
const DIFFERENCE_MS_MAX = 15_000;

/**
 * A step that a dry run leaves out: says in the step's log what it would do, then runs its preview. Succeeds unless the preview
 * does not, or the run was stopped. Nothing is sent or changed.
 */
export async function sayWhatItWouldDo(
  context: StepContext,
  dependencies: PutPreviewDependencies,
): Promise<AttemptResult> {
  const { shown, step, host, clock } = context;
  const say = (text: string) => context.output.stdout.write(Buffer.from(text));
  say("dry run: nothing is changed\n");
  if (shown === null) say("what it would do cannot be shown: a value of it is made from a secret\n");
  else say(wouldText(step, shown, host));
  let { timeoutMs } = context;
  if (step.verb === "put" && shown !== null) {
    const [from, limitMs] = [clock.monotonicMs(), Math.min(DIFFERENCE_MS_MAX, timeoutMs)];
    const spec = context.spec as Specs["put"];
    const place = { ...context, timeoutMs: limitMs };
    say(await putDifference(place, spec, shown.spec as Specs["put"], dependencies));
    timeoutMs = Math.max(1, Math.floor(timeoutMs - (clock.monotonicMs() - from)));
  }
  if (step.preview === null) return succeeded();
  say("\npreview:\n");
  const argv = scriptArgv(step.preview.shell, step.preview.script);
  return judgePreview(await runProcess({ ...context, timeoutMs }, argv, dependencies.executorFor(host)));
}

/** What was looked at is no result of the step. A preview that was cut off has changed nothing, so that it has failed. */
function judgePreview(result: AttemptResult): AttemptResult {
  const message = `its preview ${result.message ?? ""}`;
  switch (result.status) {
    case "succeeded":
      return succeeded();
    case "cancelled":
    case "timed_out":
      return ended(result.status, message);
    case "failed":
    case "interrupted":
      return failed(message, { exitCode: result.exitCode, didNotStart: result.didNotStart });
  }
}
