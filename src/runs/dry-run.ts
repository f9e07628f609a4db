import type { Step, Verb } from "../runbooks/runbook.ts";
import type { Run } from "./records.ts";

/** A verb that is not here, also one that comes later, tells or changes somebody something: it only says what it would do. */
const CARRIED_OUT: ReadonlySet<Verb> = new Set(["run", "command", "collect", "http", "prometheus", "wait"]);

/** Whether a dry run carries the step out: it reads, and nobody is told of it. */
export function isCarriedOut({ verb, effect }: Pick<Step, "verb" | "effect">): boolean {
  return effect === "read" && CARRIED_OUT.has(verb);
}

/** Whether the run leaves the step out and says what it would do. Never in a run that is no dry run. */
export function isLeftOut({ isDryRun }: Pick<Run, "isDryRun">, step: Pick<Step, "verb" | "effect">): boolean {
  return isDryRun && !isCarriedOut(step);
}
