import { type Notifier, NotifierError } from "../notify/notifier.ts";
import type { NotifySpec } from "../runbooks/verbs/notify.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";

/** `notify`: tells people through a notifier of the settings. */
export async function notify(
  context: StepContext,
  spec: NotifySpec,
  notifiers: ReadonlyMap<string, Notifier>,
): Promise<AttemptResult> {
  const notifier = notifiers.get(spec.to);
  if (notifier === undefined) {
    const known = [...notifiers.keys()].join(", ") || "none";
    return failed(`no notifier is called ${spec.to}; the settings have: ${known}`, { didNotStart: true });
  }
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(context.timeoutMs)]);
  const notice = {
    event: "step",
    title: spec.title ?? spec.text.split("\n", 1)[0] ?? spec.text,
    text: spec.text,
    url: context.run.url,
    runId: context.run.id,
    thread: context.run.thread,
    // Not the attempt: a receiver that got the first try's notice is not told twice.
    dedupeKey: `${context.run.id}:${context.step.id}`,
  };
  try {
    await notifier.send(notice, limit);
    return succeeded();
  } catch (error) {
    if (context.signal.aborted) return ended("cancelled", "was stopped");
    if (error instanceof NotifierError) return failed(error.message, { didNotStart: error.didNotStart });
    throw error;
  }
}
