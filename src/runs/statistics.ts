import { type DecisionKind, DECISION_KINDS, type Reason, REASONS } from "./reasons.ts";
import { type Outcome, OUTCOMES, RUN_STATES, type RunEnd, type RunState } from "./states.ts";

// What is counted of rules and runbooks, and what the counts say.

/**
 * `episode`: alerts that were decided on, each at its first decision (of a rule, or of any). `decision`: their kinds and
 * reasons. `self_resolved`: alerts that a rule in `observe` would have acted on and that recovered without any run, when they
 * did. `end`, `outcome`: of runs, when they ended. `fix_time`: of fixed runs, in steps of {@link fixTimeStep}.
 */
export const MEASURES = ["episode", "decision", "self_resolved", "end", "outcome", "fix_time"] as const;
export type Measure = (typeof MEASURES)[number];

/** What is counted. */
export interface Series {
  /** Null where no rule had to do with it; alerts (`episode`, `self_resolved`) are counted over all rules there. */
  readonly rule: string | null;
  /** Of runs; null otherwise. */
  readonly runbook: string | null;
  readonly measure: Measure;
  /** `kind:reason` of a decision, the word of an end or outcome, the step of a time; otherwise empty. */
  readonly value: string;
}

export interface Count extends Series {
  readonly count: number;
}

/** The ends of runs, with those that never began. */
export const RUN_ENDS: readonly RunEnd[] = RUN_STATES.filter(
  (state) => state !== "queued" && state !== "waiting_person" && state !== "running",
);

export interface Statistics {
  readonly episodes: number;
  readonly decisions: readonly {
    readonly kind: DecisionKind;
    readonly reason: Reason | null;
    readonly count: number;
  }[];
  readonly runs: ReadonlyMap<RunState, number>;
  readonly outcomes: ReadonlyMap<Outcome, number>;
  /** Fixed runs as a part of those with an outcome, 0 to 1; null when none has one. */
  readonly successRate: number | null;
  readonly selfResolved: number;
  /** From the start of the alert to its recovery, over fixed runs; right to within 5 %. Null when none was fixed. */
  readonly medianFixMs: number | null;
}

/** What the counts of the whole service are: an alert that several rules decided on is one. */
export function overall(counts: readonly Count[]): Count[] {
  return counts.filter(
    ({ measure, rule }) => (measure !== "episode" && measure !== "self_resolved") || rule === null,
  );
}

/** The statistics of counts that belong together. */
export function summarise(counts: readonly Count[]): Statistics {
  const sums = new Map<string, number>();
  for (const { measure, value, count } of counts) {
    const key = `${measure}:${value}`;
    sums.set(key, (sums.get(key) ?? 0) + count);
  }
  const sum = (measure: Measure, value: string) => sums.get(`${measure}:${value}`) ?? 0;
  const outcomes = new Map(OUTCOMES.map((outcome) => [outcome, sum("outcome", outcome)]));
  const judged = [...outcomes.values()].reduce((total, count) => total + count, 0);
  return {
    episodes: sum("episode", ""),
    decisions: decisionsOf(counts),
    runs: new Map(RUN_ENDS.map((state) => [state, sum("end", state)])),
    outcomes,
    successRate: judged === 0 ? null : sum("outcome", "fixed") / judged,
    selfResolved: sum("self_resolved", ""),
    medianFixMs: medianFixMs(counts),
  };
}

/** In the order of the closed lists; only what happened. */
function decisionsOf(counts: readonly Count[]): Statistics["decisions"] {
  const sums = new Map<string, number>();
  for (const { measure, value, count } of counts)
    if (measure === "decision") sums.set(value, (sums.get(value) ?? 0) + count);
  return [...sums]
    .flatMap(([value, count]) => {
      const [kindText, reasonText] = value.split(":");
      const kind = DECISION_KINDS.find((known) => known === kindText);
      return kind === undefined
        ? []
        : [{ kind, reason: REASONS.find((known) => known === reasonText) ?? null, count }];
    })
    .sort((left, right) => orderOf(left) - orderOf(right));
}

function orderOf({ kind, reason }: { readonly kind: DecisionKind; readonly reason: Reason | null }): number {
  const order = DECISION_KINDS.indexOf(kind) * (REASONS.length + 1);
  return reason === null ? order : order + 1 + REASONS.indexOf(reason);
}

export function decisionValue(kind: string, reason: string | null): string {
  return `${kind}:${reason ?? ""}`;
}

/** Each step of times is wider than the one before by this factor, so that a time is known to within 5 %. */
const STEP_FACTOR = 1.1;

/** The step that a time falls into: 0 below a second, and so on. Times before zero, by clocks that disagree, are zero. */
export function fixTimeStep(durationMs: number): number {
  if (durationMs < 1_000) return 0;
  return 1 + Math.floor(Math.log(durationMs / 1_000) / Math.log(STEP_FACTOR));
}

/** The geometric middle of a step. */
function middleOfStepMs(step: number): number {
  return step === 0 ? 0 : Math.round(1_000 * STEP_FACTOR ** (step - 0.5));
}

/** Of an even number of times the shorter middle one. */
function medianFixMs(counts: readonly Count[]): number | null {
  const times = counts
    .filter(({ measure }) => measure === "fix_time")
    .map(({ value, count }) => ({ step: Number(value), count }))
    .sort((left, right) => left.step - right.step);
  const total = times.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { step, count } of times) {
    seen += count;
    if (seen >= total / 2) return middleOfStepMs(step);
  }
  return null;
}
