import type { SourceApiError } from "../outbound/source-api.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed } from "./attempt-result.ts";

/** What it means for a step that its source gave no usable answer. `limit` is what the source was asked under. */
export function describeSourceFailure(
  context: StepContext,
  error: SourceApiError,
  limit: AbortSignal,
): AttemptResult {
  if (context.signal.aborted) return ended("cancelled", "was stopped");
  return limit.aborted ? ended("timed_out", error.message) : failed(error.message);
}
