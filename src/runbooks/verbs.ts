import type { StepEntry } from "./schema.ts";
import { type Action, type Effect, NESTING_VERBS, type Verb, VERBS } from "./runbook.ts";

import { type ForEachSpec, inputOf } from "./verbs/for-each.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** What a `wait` may take beyond its own length before it counts as stuck. */
const WAIT_SLACK_MS = 10 * SECOND_MS;

/** Which of the common keys mean something for a verb; the others are refused rather than ignored. */
export const RUNS_SOMEWHERE: ReadonlySet<Verb> = new Set(["run", "command", "collect", "put"]);
export const STARTS_PROCESS: ReadonlySet<Verb> = new Set(["run", "command"]);
export const MAY_BECOME: ReadonlySet<Verb> = new Set([...STARTS_PROCESS, "collect", "put"]);

/** Whether the step, or its preview, runs on a host. */
export function runsOnHost({ verb, preview }: { readonly verb: Verb; readonly preview: unknown }): boolean {
  const hasPreview = preview !== null && preview !== undefined && !isNesting(verb);
  return RUNS_SOMEWHERE.has(verb) || hasPreview;
}

export function isNesting(verb: Verb): verb is (typeof NESTING_VERBS)[number] {
  return NESTING_VERBS.some((nesting) => nesting === verb);
}

/** The verb of a step as written; undefined unless there is exactly one. */
export function actionOf(entry: StepEntry): Action | undefined {
  const verbs = VERBS.filter((verb) => entry[verb] !== undefined);
  if (verbs.length !== 1) return undefined;
  if (entry.targets !== undefined) return { verb: "for_each", spec: onEachTarget(entry.targets) };
  if (entry.for_each !== undefined) {
    const { in: input, as, max_parallel: maxParallel, max_failures: failuresMax } = entry.for_each;
    return { verb: "for_each", spec: { input: inputOf(input), as, maxParallel, failuresMax } };
  }
  if (entry.runbook !== undefined) return { verb: "runbook", spec: entry.runbook };
  if (entry.run !== undefined)
    return { verb: "run", spec: { script: entry.run, shell: entry.shell ?? "sh" } };
  if (entry.command !== undefined) return { verb: "command", spec: entry.command };
  if (entry.collect !== undefined) return { verb: "collect", spec: entry.collect };
  if (entry.put !== undefined) return { verb: "put", spec: entry.put };
  if (entry.http !== undefined) {
    const { timeoutMs: _, ...spec } = entry.http;
    return { verb: "http", spec };
  }
  if (entry.prometheus !== undefined) return { verb: "prometheus", spec: entry.prometheus };
  if (entry.wait !== undefined) return { verb: "wait", spec: entry.wait };
  if (entry.approve !== undefined) return { verb: "approve", spec: entry.approve };
  if (entry.notify !== undefined) return { verb: "notify", spec: entry.notify };
  if (entry.silence !== undefined) return { verb: "silence", spec: entry.silence };
  if (entry.annotate !== undefined) return { verb: "annotate", spec: entry.annotate };
  return undefined;
}

/** `targets`: the step on every host at once, whatever becomes of the others. */
function onEachTarget(targets: string): ForEachSpec {
  const input = /inputs\.([a-z][a-z0-9_]*)/.exec(targets)?.[1] ?? "";
  const maxParallel = { unit: "percent", amount: 100 } as const;
  return { input, as: TARGET_NAME, maxParallel, failuresMax: Number.MAX_SAFE_INTEGER };
}

/** What a step with `targets` calls the host that it runs on. */
export const TARGET_NAME = "target_host";

/** What a step does to the world when it does not say so itself. */
export function defaultEffect(action: Action): Effect {
  switch (action.verb) {
    case "run":
    case "command":
    case "put":
    case "silence":
      return "change";
    case "http":
      return action.spec.method === "GET" || action.spec.method === "HEAD" ? "read" : "change";
    case "collect":
    case "prometheus":
    case "wait":
    case "notify":
    case "annotate":
    case "approve":
    // Of their steps; what they are made of is known to the loader only.
    case "for_each":
    case "runbook":
      return "read";
  }
}

/**
 * Whether the step changes what alerts are about. A silence only changes who is told: no assert, no recovery and no graph is
 * measured by it.
 */
export function changesSystem({ effect, verb }: { readonly effect: Effect; readonly verb: string }): boolean {
  return effect !== "read" && verb !== "silence";
}

/** The limit of one attempt of a step that names none: 60 s for reading, 5 minutes for changing. */
export function defaultTimeoutMs(action: Action, effect: Effect): number {
  switch (action.verb) {
    case "run":
    case "command":
      return effect === "read" ? MINUTE_MS : 5 * MINUTE_MS;
    case "collect":
    case "put":
    case "prometheus":
      return MINUTE_MS;
    case "http":
    case "notify":
    case "silence":
    case "annotate":
      return 30 * SECOND_MS;
    case "for_each":
    case "runbook":
      return 0;
    case "approve":
      return action.spec.timeoutMs;
    case "wait":
      return (action.spec.durationMs ?? 0) + WAIT_SLACK_MS;
  }
}
