import { type RateFacts, rateFreeAtMs, rateText } from "./rate-limit.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

/** At most `max` starts of one person in any stretch of `perMs`. Nobody waits at a form for it, so that it refuses. */
export function judgePerUser(facts: RateFacts): Verdict {
  const freeAtMs = rateFreeAtMs(facts);
  if (freeAtMs <= facts.nowMs) return { kind: "passes" };
  const next = Number.isFinite(freeAtMs) ? `; your next one may start at ${timeText(freeAtMs)}` : "";
  return { kind: "refuses", reason: "per_user", text: `${rateText(facts)}${next}` };
}
