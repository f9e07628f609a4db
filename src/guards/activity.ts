import { isWithin, type TimeInterval } from "../intervals/interval.ts";
import { firstMoment } from "../intervals/next-change.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

/** A start that is not allowed for so long is refused rather than delayed. */
export const ACTIVITY_SEARCH_MS = 2 * 366 * 86_400_000;

export interface ActivityFacts {
  /** Names of intervals. Empty: at any time. */
  readonly active: readonly string[];
  /** Names of intervals; they win over `active`. */
  readonly mute: readonly string[];
  readonly intervals: ReadonlyMap<string, TimeInterval>;
  readonly nowMs: number;
}

/** Nothing starts outside all intervals of `active`, nor inside one of `mute`. */
export function judgeActivity(facts: ActivityFacts): Verdict {
  const { nowMs } = facts;
  const active = lookUp(facts.active, facts.intervals);
  const mute = lookUp(facts.mute, facts.intervals);
  const isActive = (atMs: number) =>
    facts.active.length === 0 || active.known.some((interval) => isWithin(interval, atMs));
  const isMuted = (atMs: number) => mute.known.some((interval) => isWithin(interval, atMs));
  const mayStart = (atMs: number) => isActive(atMs) && !isMuted(atMs);
  // Checked when the configuration is loaded; if it happens all the same, a start in doubt is none.
  if (mute.unknown.length === 0 && mayStart(nowMs)) return { kind: "passes" };
  const reason = isActive(nowMs) ? "muted" : "inactive";
  const inside = mute.known.filter((interval) => isWithin(interval, nowMs)).map(({ name }) => name);
  const texts = [
    ...(isActive(nowMs) ? [] : [`it is outside the time intervals of active: ${facts.active.join(", ")}`]),
    ...(inside.length === 0 ? [] : [`it is inside the time intervals of mute: ${inside.join(", ")}`]),
    ...[...active.unknown, ...mute.unknown].map((name) => `there is no time interval named ${name}`),
  ];
  const retryAtMs =
    mute.unknown.length > 0
      ? null
      : firstMoment([...active.known, ...mute.known], nowMs, nowMs + ACTIVITY_SEARCH_MS, mayStart);
  if (retryAtMs === null)
    return { kind: "refuses", reason, text: `${texts.join("; ")}; no start is allowed within two years` };
  return {
    kind: "delays",
    reason,
    retryAtMs,
    text: `${texts.join("; ")}; allowed from ${timeText(retryAtMs)}`,
  };
}

function lookUp(names: readonly string[], intervals: ReadonlyMap<string, TimeInterval>) {
  return {
    known: names.flatMap((name) => intervals.get(name) ?? []),
    unknown: names.filter((name) => !intervals.has(name)),
  };
}
