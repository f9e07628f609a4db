import type { StepEntry } from "./schema.ts";
import { type Action, type Effect, type Verb, VERBS } from "./runbook.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** What a `wait` may take beyond its own length before it counts as stuck. */
const WAIT_SLACK_MS = 10 * SECOND_MS;

/** Which of the common keys mean something for a verb; the others are refused rather than ignored. */
export const RUNS_SOMEWHERE: ReadonlySet<Verb> = new Set(["run", "command", "collect"]);
export const STARTS_PROCESS: ReadonlySet<Verb> = new Set(["run", "command"]);

/** The verb of a step as written; undefined unless there is exactly one. */
export function actionOf(entry: StepEntry): Action | undefined {
  const verbs = VERBS.filter((verb) => entry[verb] !== undefined);
  if (verbs.length !== 1) return undefined;
  if (entry.run !== undefined)
    return { verb: "run", spec: { script: entry.run, shell: entry.shell ?? "sh" } };
  if (entry.command !== undefined) return { verb: "command", spec: entry.command };
  if (entry.collect !== undefined) return { verb: "collect", spec: entry.collect };
  if (entry.http !== undefined) {
    const { timeoutMs: _, ...spec } = entry.http;
    return { verb: "http", spec };
  }
  if (entry.prometheus !== undefined) return { verb: "prometheus", spec: entry.prometheus };
  if (entry.wait !== undefined) return { verb: "wait", spec: entry.wait };
  if (entry.notify !== undefined) return { verb: "notify", spec: entry.notify };
  return undefined;
}

/** What a step does to the world when it does not say so itself. */
export function defaultEffect(action: Action): Effect {
  switch (action.verb) {
    case "run":
    case "command":
      return "change";
    case "http":
      return action.spec.method === "GET" || action.spec.method === "HEAD" ? "read" : "change";
    case "collect":
    case "prometheus":
    case "wait":
    case "notify":
      return "read";
  }
}

/** The limit of one attempt of a step that names none: 60 s for reading, 5 minutes for changing. */
export function defaultTimeoutMs(action: Action, effect: Effect): number {
  switch (action.verb) {
    case "run":
    case "command":
      return effect === "read" ? MINUTE_MS : 5 * MINUTE_MS;
    case "collect":
    case "prometheus":
      return MINUTE_MS;
    case "http":
    case "notify":
      return 30 * SECOND_MS;
    case "wait":
      return (action.spec.durationMs ?? 0) + WAIT_SLACK_MS;
  }
}
