import { SourceApiError } from "../outbound/source-api.ts";
import { type AnnotateSpec, NOW, parseTimeMs } from "../runbooks/verbs/annotate.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { failed, succeeded } from "./attempt-result.ts";
import { describeSourceFailure } from "./source-failure.ts";

/** `annotate`: a mark in Grafana's graphs. Its result is {id, source}. */
export async function annotate(context: StepContext, spec: AnnotateSpec): Promise<AttemptResult> {
  const { time, timeEnd, ...rest } = spec;
  const nowMs = context.clock.nowMs();
  const timeMs = timeOf(time, nowMs);
  const timeEndMs = timeEnd === null ? null : timeOf(timeEnd, nowMs);
  if (timeMs === undefined || timeEndMs === undefined)
    return refused(
      `"${timeMs === undefined ? time : timeEnd}" is no time; write it like 2026-11-26T03:12:00Z`,
    );
  if (timeEndMs !== null && timeEndMs < timeMs)
    return refused("time_end is before time; a region ends after it begins");
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(context.timeoutMs)]);
  try {
    const { id } = await context.annotate({ ...rest, timeMs, timeEndMs }, limit);
    context.output.stdout.write(Buffer.from(`annotation ${id} at ${spec.source}\n`));
    return succeeded({ json: { id, source: spec.source } });
  } catch (error) {
    if (error instanceof SourceApiError) return describeSourceFailure(context, error, limit);
    throw error;
  }
}

function timeOf(text: string, nowMs: number): number | undefined {
  return text === NOW ? nowMs : parseTimeMs(text);
}

function refused(message: string): AttemptResult {
  return failed(message, { didNotStart: true, isPermanent: true });
}
