import { formatDurationMs } from "../platform/durations.ts";
import type { Breaker } from "../rules/rule.ts";
import type { BreakerState } from "../runs/guard-records.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

export interface BreakerFacts {
  readonly rule: string;
  /** Null when it was never opened. */
  readonly state: BreakerState | null;
  /** Null when the rule has none, or has it no more. */
  readonly breaker: Breaker | null;
  readonly nowMs: number;
}

/** A rule that failed too often only observes until its breaker is reset, or closes by itself. */
export function judgeBreaker({ rule, state, breaker, nowMs }: BreakerFacts): Verdict {
  if (breaker === null || state === null || state.openedAtMs === null) return { kind: "passes" };
  const closesAtMs = state.openedAtMs + breaker.resetAfterMs;
  if (nowMs >= closesAtMs) return { kind: "passes" };
  const because = state.because === null ? "" : `: ${state.because}`;
  const text = `the breaker of rule ${rule} opened at ${timeText(state.openedAtMs)}${because}; it closes by itself at ${timeText(closesAtMs)}, or now by nightshift rule reset-breaker ${rule}`;
  return { kind: "refuses", reason: "breaker", text };
}

export interface BreakerCount {
  readonly breaker: Breaker;
  /** Ends of runs of the rule that failed or had no effect, in any order. */
  readonly failuresAtMs: readonly number[];
  /** Failures up to this moment no longer count. */
  readonly countedFromMs: number;
  readonly nowMs: number;
}

/** Whether the breaker opens now, after the newest failure. */
export function shouldOpen({ breaker, failuresAtMs, countedFromMs, nowMs }: BreakerCount): boolean {
  return countFailures({ breaker, failuresAtMs, countedFromMs, nowMs }) >= breaker.failures;
}

/** Why it opens, for people. */
export function openingText(count: BreakerCount): string {
  const { failures, withinMs } = count.breaker;
  return `${countFailures(count)} runs within ${formatDurationMs(withinMs)} failed or had no effect; ${failures} open it`;
}

function countFailures({ breaker, failuresAtMs, countedFromMs, nowMs }: BreakerCount): number {
  return failuresAtMs.filter((atMs) => atMs > countedFromMs && atMs + breaker.withinMs > nowMs).length;
}
