import type { SecureContext } from "node:tls";
import type { Executor } from "../executors/executor.ts";
import type { Host } from "../hosts/host.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { Prometheus } from "../outbound/prometheus.ts";
import type { Specs } from "../runbooks/runbook.ts";
import { NoRoomError } from "../platform/no-room.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { annotate } from "./annotate.ts";
import { isLeftOut } from "../runs/dry-run.ts";
import { failed } from "./attempt-result.ts";
import { collectEvidence } from "./collect.ts";
import { runCommand } from "./command.ts";
import { sayWhatItWouldDo } from "./dry-run.ts";
import { sendRequest } from "./http.ts";
import { notify } from "./notify.ts";
import { queryPrometheus } from "./prometheus.ts";
import { putContent } from "./put.ts";
import { runScript } from "./run.ts";
import { silenceAlerts } from "./silence.ts";
import { wait } from "./wait.ts";

/** What the verbs need beside their context; built once in `app.ts`. */
export interface StepDependencies {
  /** The way to run commands on a host, and to gather its files. */
  readonly executorFor: (host: Host) => Executor;
  /** Globs of the files that may be written on a host, by its inventory entry as it is now. */
  readonly writableOn: (host: Host) => readonly string[];
  /** Null when the settings name no Prometheus. */
  readonly prometheus: Prometheus | null;
  /** Names and addresses of the inventory's hosts as it is now: an `http` step may reach them. */
  readonly inventoryHosts: () => readonly string[];
  /** Which certificates an `http` step believes; null for Node's own list. */
  readonly trust: SecureContext | null;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  /** In a simulation: says how an attempt ends, instead of making it. */
  readonly simulate?: (context: StepContext) => Promise<AttemptResult>;
}

/**
 * Makes one attempt of a step. Resolves however it ended; rejects only for a defect of ours. Bounded by `context.timeoutMs`
 * and ended by `context.signal`.
 */
export async function attemptStep(
  context: StepContext,
  dependencies: StepDependencies,
): Promise<AttemptResult> {
  try {
    // The one gate: whatever led here, a dry run makes no attempt of a step that does more than read.
    if (isLeftOut(context.run, context.step)) return await sayWhatItWouldDo(context, dependencies);
    return await (dependencies.simulate?.(context) ?? attempt(context, dependencies));
  } catch (error) {
    return describeStorageFailure(error);
  }
}

function attempt(context: StepContext, dependencies: StepDependencies): Promise<AttemptResult> {
  const { verb } = context.step;
  switch (verb) {
    case "run":
      return runScript(context, specOf(context, verb), dependencies.executorFor(context.host));
    case "command":
      return runCommand(context, specOf(context, verb), dependencies.executorFor(context.host));
    case "collect":
      return collectEvidence(context, specOf(context, verb), dependencies.executorFor(context.host));
    case "put":
      return putContent(context, specOf(context, verb), dependencies);
    case "http":
      return sendRequest(context, specOf(context, verb), {
        inventory: dependencies.inventoryHosts(),
        trust: dependencies.trust,
      });
    case "prometheus":
      return queryPrometheus(context, specOf(context, verb), dependencies.prometheus);
    case "wait":
      return wait(context, specOf(context, verb));
    case "notify":
      return notify(context, specOf(context, verb), dependencies.notifiers);
    case "silence":
      return silenceAlerts(context, specOf(context, verb));
    case "annotate":
      return annotate(context, specOf(context, verb));
    // The engine asks people, or goes through the steps inside; the step itself is never attempted.
    case "approve":
    case "for_each":
    case "runbook":
      throw new Error(`a step with ${verb} has no attempts`);
  }
}

/** A full or broken disk under the run's files fails the step, not the service. */
function describeStorageFailure(error: unknown): AttemptResult {
  if (!(error instanceof NoRoomError) && !(error instanceof Error && "syscall" in error)) throw error;
  return failed(`the run's files cannot be written: ${error.message}`);
}

/** Rendering keeps the shape that the runbook's schema gave the spec, so the verb says what it is. */
function specOf<V extends keyof Specs>(context: StepContext, _verb: V): Specs[V] {
  return context.spec as Specs[V];
}
