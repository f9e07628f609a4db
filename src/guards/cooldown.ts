import { formatDurationMs } from "../platform/durations.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

export interface CooldownFacts {
  readonly cooldownMs: number;
  /** When the last run of the rule for the same group ended; null when there was none. */
  readonly lastRunEndedAtMs: number | null;
  readonly nowMs: number;
}

/** No second run of a rule for one group until so long after the end of the first. */
export function judgeCooldown(facts: CooldownFacts): Verdict {
  if (facts.lastRunEndedAtMs === null) return { kind: "passes" };
  const retryAtMs = facts.lastRunEndedAtMs + facts.cooldownMs;
  if (facts.nowMs >= retryAtMs) return { kind: "passes" };
  const text = `the last run for this group ended at ${timeText(facts.lastRunEndedAtMs)}, and the cooldown is ${formatDurationMs(facts.cooldownMs)}`;
  return { kind: "delays", reason: "cooldown", retryAtMs, text };
}
