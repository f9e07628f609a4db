import type { Run, StepRecord } from "./records.ts";
import { isFinal } from "./states.ts";

/** What can be told of a run at one moment. */
export interface RunView {
  readonly run: Run;
  readonly steps: readonly StepRecord[];
  /** Of its newest bundle; 0 before the first. */
  readonly revision: number;
}

/** One change, as it is told to those who follow a run. Ids of one run only grow. */
export type RunChange =
  | { readonly id: number; readonly kind: "run" }
  | { readonly id: number; readonly kind: "step"; readonly step: StepRecord };

/**
 * How far a run has come, as one number: it grows with each begin, attempt and end, with the outcome and each bundle. It is made of what is
 * stored, so that every node, and every start of the service, comes to the same.
 */
export function progressOf({ run, steps, revision }: RunView): number {
  return progressOfRun(run) + revision + steps.reduce((sum, step) => sum + progressOfStep(step), 0);
}

/** What is other than it was, in the order in which it is told; the id of the last is the progress of `after`. */
export function changesBetween(before: RunView, after: RunView): RunChange[] {
  let id = progressOf(before);
  const known = new Map(before.steps.map((step) => [step.id, progressOfStep(step)]));
  const ofSteps = (): RunChange[] =>
    after.steps.flatMap((step) => {
      const grown = progressOfStep(step) - (known.get(step.id) ?? 0);
      if (grown <= 0) return [];
      id += grown;
      return [{ id, kind: "step", step }];
    });
  const ofRun = (): RunChange[] => {
    const grown = progressOfRun(after.run) + after.revision - progressOfRun(before.run) - before.revision;
    if (grown <= 0) return [];
    id += grown;
    return [{ id, kind: "run" }];
  };
  // A run begins before its steps, and ends after them.
  return isFinal(after.run.state) ? [...ofSteps(), ...ofRun()] : [...ofRun(), ...ofSteps()];
}

function progressOfRun({ state, outcome }: Run): number {
  const stage = isFinal(state) ? 4 : state === "running" ? 3 : state === "queued" ? 2 : 1;
  return stage + (outcome === null ? 0 : 1);
}

/** An attempt weighs more than an end: one that was cut off begins again, and only its count goes on. */
function progressOfStep({ attempts, startedAtMs, finishedAtMs }: StepRecord): number {
  return 1 + 4 * attempts + (startedAtMs === null ? 0 : 1) + (finishedAtMs === null ? 0 : 2);
}
