export const RUN_STATES = [
  "queued",
  "waiting_person",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "timed_out",
  "interrupted",
  "rejected",
] as const;
export type RunState = (typeof RUN_STATES)[number];

export const STEP_STATES = [
  "pending",
  "running",
  "succeeded",
  "failed",
  "skipped",
  "cancelled",
  "timed_out",
  "interrupted",
  "rejected",
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** The end of a run that has begun. */
export type RunEnd = "succeeded" | "failed" | "cancelled" | "timed_out" | "interrupted" | "rejected";
/** The end of a step that has begun. */
export type StepEnd = Exclude<StepState, "pending" | "running">;

/** Every legal change of a run's state. What is not here cannot be written. */
export const RUN_TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ["waiting_person", "running", "cancelled"],
  waiting_person: ["queued", "running", "cancelled", "rejected", "timed_out"],
  running: ["waiting_person", "succeeded", "failed", "cancelled", "timed_out", "interrupted", "rejected"],
  succeeded: [],
  failed: [],
  cancelled: [],
  timed_out: [],
  interrupted: [],
  rejected: [],
};

/**
 * Every legal change of a step's state: `failed` from `pending` where a template of it had no value, `running` again after a
 * restart, for a read step that was cut off. `skipped` from `running` in a dry run, which said what it would do, or where a
 * person said so; `rejected` where nobody said yes.
 */
export const STEP_TRANSITIONS: Readonly<Record<StepState, readonly StepState[]>> = {
  pending: ["running", "failed", "skipped", "cancelled"],
  running: ["running", "succeeded", "failed", "skipped", "cancelled", "timed_out", "interrupted", "rejected"],
  succeeded: [],
  failed: [],
  skipped: [],
  cancelled: [],
  timed_out: [],
  interrupted: [],
  rejected: [],
};

export function isFinal(state: RunState): boolean {
  return RUN_TRANSITIONS[state].length === 0;
}

export function isFinalStep(state: StepState): boolean {
  return STEP_TRANSITIONS[state].length === 0;
}

/** The states from which a run may go to `next`: the condition of the update that takes it there. */
export function runStatesBefore(next: RunState): RunState[] {
  return RUN_STATES.filter((state) => RUN_TRANSITIONS[state].includes(next));
}

/** What a run did for its episode; null when no change step ran. */
export const OUTCOMES = ["fixed", "no_effect", "worse", "unknown"] as const;
export type Outcome = (typeof OUTCOMES)[number];
