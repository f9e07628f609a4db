import { type AlertSourceApi, SourceApiError } from "../outbound/source-api.ts";
import type { StepAnnotation, StepSilence } from "../runs/step-context.ts";
import { addSilence, noteSilenceMade, readSilence, renewSilence } from "../store/silences.ts";
import { runUrl } from "./dependencies.ts";
import { commitOwned, type RunSession } from "./session.ts";

// What steps ask of the sources of alerts.

/**
 * Makes the silence of a step. Its row is there before the source is asked, so that whatever becomes of this process, the
 * end of the run lifts it. A repeat finds it by its mark. Throws SourceApiError.
 */
export async function silenceForStep(
  session: RunSession,
  stepId: string,
  wish: StepSilence,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly endsAtMs: number }> {
  const { dependencies, run } = session;
  const { clock, log } = dependencies;
  const api = silencesOf(session, wish.source);
  const key = { runId: run.id, source: wish.source, stepId };
  const nowMs = clock.nowMs();
  const wished = { ...key, askedAtMs: nowMs, endsAtMs: nowMs + wish.forMs };
  const silence = await commitOwned(session, async (tx) => {
    await addSilence(tx, wished);
    await renewSilence(tx, wished, nowMs);
    return readSilence(tx, key);
  });
  // Of the first try, where this one is not the first.
  const endsAtMs = silence?.endsAtMs ?? wished.endsAtMs;
  const { matchers, comment } = wish;
  const asked = { ...key, runUrl: runUrl(dependencies, run.id), matchers, comment, endsAtMs };
  const id = await api.silence(asked, signal);
  await commitOwned(session, (tx) => noteSilenceMade(tx, key, id));
  log.info({ runId: run.id, stepId, source: wish.source, silenceId: id }, "alerts silenced");
  return { id, endsAtMs };
}

function silencesOf({ dependencies }: RunSession, source: string): AlertSourceApi {
  const api = dependencies.sources.get(source)?.api ?? null;
  if (api !== null) return api;
  throw new SourceApiError(
    `source ${source} has no api in the settings any more; add api: {urls: [...]} to it`,
  );
}

/** Marks a time in the graphs of a source. Throws SourceApiError. */
export async function annotateForStep(
  { dependencies }: RunSession,
  { source, ...annotation }: StepAnnotation,
  signal: AbortSignal,
): Promise<{ readonly id: number }> {
  const annotations = dependencies.sources.get(source)?.annotations ?? null;
  if (annotations !== null) return annotations.annotate(annotation, signal);
  throw new SourceApiError(
    `source ${source} takes no annotations any more; it needs kind: grafana, and api with urls and a token`,
  );
}
