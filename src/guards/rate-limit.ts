import { formatDurationMs } from "../platform/durations.ts";
import type { Rate } from "../runbooks/guards.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

export interface RateFacts extends Rate {
  /** Earlier starts, newest first: at least the newest `max` of them. */
  readonly startsAtMs: readonly number[];
  readonly nowMs: number;
}

/** At most `max` starts in any stretch of `perMs`. */
export function judgeRateLimit(facts: RateFacts): Verdict {
  const freeAtMs = rateFreeAtMs(facts);
  if (freeAtMs <= facts.nowMs) return { kind: "passes" };
  const text = `${rateText(facts)}; the next one may start at ${timeText(freeAtMs)}`;
  if (freeAtMs === Number.POSITIVE_INFINITY)
    return { kind: "refuses", reason: "rate_limit", text: rateText(facts) };
  return { kind: "delays", reason: "rate_limit", retryAtMs: freeAtMs, text };
}

/** When one more start fits the rate, as far as earlier starts decide it; now or earlier when it already does. */
export function rateFreeAtMs({ max, perMs, startsAtMs, nowMs }: RateFacts): number {
  if (max < 1) return Number.POSITIVE_INFINITY;
  // The start that stands in the way for longest: with it gone, fewer than `max` are in the window.
  const standing = startsAtMs[max - 1];
  return standing === undefined ? nowMs : standing + perMs;
}

/** The rate, and what has used it up. */
export function rateText({ max, perMs, startsAtMs }: RateFacts): string {
  const [newest] = startsAtMs;
  const last = newest === undefined ? "" : `, the last at ${timeText(newest)}`;
  return `${max} of ${max} starts within ${formatDurationMs(perMs)} are used${last}`;
}
