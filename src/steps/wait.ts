import type { WaitSpec } from "../runbooks/verbs/wait.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, succeeded } from "./attempt-result.ts";

/**
 * `wait`: for a moment, or one look at what `until` asks for. A wait that is long enough to give the run's slot away is a
 * timer of the engine and never gets here.
 */
export async function wait(context: StepContext, spec: WaitSpec): Promise<AttemptResult> {
  if (spec.durationMs === null) return succeeded();
  try {
    await context.clock.sleep(spec.durationMs, context.signal);
    return succeeded();
  } catch (error) {
    if (context.signal.aborted) return ended("cancelled", "was stopped");
    throw error;
  }
}
