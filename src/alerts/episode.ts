import type { Alert, SourceKind } from "./alert.ts";

/** What is known of the open episode of an alert's identity. */
export interface EpisodeFacts {
  readonly startsAtMs: number;
}

/** What one alert does to the episode of its identity (source, organisation, fingerprint). Times are the sender's. */
export type EpisodeChange =
  | { readonly kind: "opens"; readonly startsAtMs: number }
  /** Another delivery of an open episode. `startsAtMs` is the earliest start that fits it. */
  | { readonly kind: "repeats"; readonly startsAtMs: number }
  /** `ended`: it is over, but nobody saw it recover. */
  | { readonly kind: "closes"; readonly state: "resolved" | "ended"; readonly endedAtMs: number }
  /** The resolve of the open episode was lost: it ended before this start, and a new one opens. */
  | { readonly kind: "reopens"; readonly endedAtMs: number; readonly startsAtMs: number }
  /** It was firing before the last episode ended and comes late: recorded, and nothing starts. */
  | { readonly kind: "late" }
  | { readonly kind: "resolved_without_firing" };

export interface EpisodeQuestion {
  readonly sourceKind: SourceKind;
  /** The open episode of this identity. */
  readonly open: EpisodeFacts | null;
  /** `endedAtMs` of the last closed episode of this identity. */
  readonly lastEndedAtMs: number | null;
  readonly alert: Pick<Alert, "status" | "isRecovery" | "startsAtMs" | "isStartAssumed" | "endsAtMs">;
  readonly nowMs: number;
}

/** Replicas of one Prometheus see an alert begin within an evaluation interval or two of each other. */
const SAME_START_MS = 2 * 60_000;
/** How far a sender's clock may be ahead of ours before its ends are not believed. */
const CLOCK_AHEAD_MAX_MS = 10 * 60_000;

/** Decides what an alert does to its episode; semantics "Episodes" is the rule. Pure, and total. */
export function decideEpisode(question: EpisodeQuestion): EpisodeChange {
  const { alert, open } = question;
  if (alert.status === "resolved")
    return open === null ? { kind: "resolved_without_firing" } : close(question, open);
  return open === null ? start(question) : repeat(question, open);
}

function start({ alert, lastEndedAtMs }: EpisodeQuestion): EpisodeChange {
  const isLate = lastEndedAtMs !== null && !isAssumed(alert) && alert.startsAtMs <= lastEndedAtMs;
  return isLate ? { kind: "late" } : { kind: "opens", startsAtMs: alert.startsAtMs };
}

function repeat({ alert, sourceKind, nowMs }: EpisodeQuestion, open: EpisodeFacts): EpisodeChange {
  const { startsAtMs } = alert;
  const laterMs = startsAtMs - open.startsAtMs;
  // Alertmanager keeps the earliest start for as long as an alert fires. Grafana is known to move it.
  if (laterMs > SAME_START_MS && !isAssumed(alert) && sourceKind === "alertmanager")
    return { kind: "reopens", endedAtMs: Math.min(startsAtMs, nowMs + CLOCK_AHEAD_MAX_MS), startsAtMs };
  // A start that is earlier by more is a peer's that lags behind, or another replica's. If it pulled the start back, the
  // next delivery with the start known so far would look like a new episode, and be one at every turn of the two.
  const isEarlier = laterMs < 0 && laterMs >= -SAME_START_MS;
  return { kind: "repeats", startsAtMs: isEarlier ? startsAtMs : open.startsAtMs };
}

function close({ alert, nowMs }: EpisodeQuestion, open: EpisodeFacts): EpisodeChange {
  // Without an end, the latest start is the last moment known by the sender's clock. Ours may be ahead of it, and a firing
  // that follows at once would then look late.
  const named = alert.endsAtMs ?? (isAssumed(alert) ? nowMs : Math.max(alert.startsAtMs, open.startsAtMs));
  // An end far in the future would make every later firing a late one.
  const endedAtMs = Math.min(named, nowMs + CLOCK_AHEAD_MAX_MS);
  return { kind: "closes", state: alert.isRecovery ? "resolved" : "ended", endedAtMs };
}

function isAssumed(alert: EpisodeQuestion["alert"]): boolean {
  return alert.isStartAssumed === true;
}
