import { SourceApiError } from "../outbound/source-api.ts";
import { fitsMissingLabel, type SilenceSpec } from "../runbooks/verbs/silence.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { failed, succeeded } from "./attempt-result.ts";
import { describeSourceFailure } from "./source-failure.ts";

/**
 * `silence`: nobody is told of the matching alerts until the run ends. Its result is {id, source, ends_at}. A value that is
 * empty is refused: `=` would fit every alert without the label, `!=` every one that has it.
 */
export async function silenceAlerts(context: StepContext, spec: SilenceSpec): Promise<AttemptResult> {
  const written = writtenMatchers(context);
  const empty = spec.matchers.find(({ value }, index) => value === "" && written[index]?.value !== "");
  if (empty !== undefined) {
    const message = `the value for ${empty.name} is empty, which would silence other alerts than those that are meant`;
    return failed(message, { didNotStart: true, isPermanent: true });
  }
  if (spec.matchers.every(fitsMissingLabel))
    return failed("with these values the silence would be for all alerts", {
      didNotStart: true,
      isPermanent: true,
    });
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(context.timeoutMs)]);
  try {
    const { id, endsAtMs } = await context.silence(spec, limit);
    const endsAt = new Date(endsAtMs).toISOString();
    const line = `silenced at ${spec.source} until the run ends, ${endsAt} at the latest (silence ${id})\n`;
    context.output.stdout.write(Buffer.from(line));
    return succeeded({ json: { id, source: spec.source, ends_at: endsAt } });
  } catch (error) {
    if (error instanceof SourceApiError) return describeSourceFailure(context, error, limit);
    throw error;
  }
}

function writtenMatchers({ step }: StepContext): SilenceSpec["matchers"] {
  return step.verb === "silence" ? step.spec.matchers : [];
}
