import type { Approval } from "../../api/types.ts";
import type { Happening, Life } from "./happenings.ts";

// What the line of an alert is drawn of: its span, a bar for everything that lasts, and signs where several things may have happened at once.

export interface Bar {
  readonly key: string;
  readonly name: string;
  /** The status whose colour and word it has. */
  readonly status: string;
  readonly fromMs: number;
  /** Null while it goes on. */
  readonly toMs: number | null;
  /** Until then it only waited. */
  readonly beganMs: number;
  readonly run: string | null;
  readonly approval: string | null;
}

export function barsOf({ alert, runs, approvals }: Life): Bar[] {
  const none = { run: null, approval: null };
  const bar = (key: string, name: string, status: string, fromAt: string, toAt: string | null): Bar => {
    const fromMs = Date.parse(fromAt);
    const toMs = toAt === null ? null : Date.parse(toAt);
    return { ...none, key, name, status, fromMs, beganMs: fromMs, toMs };
  };
  const firing = bar("firing", "Alert", alert.status, alert.starts_at, alert.ends_at ?? alert.closed_at);
  const ofRuns = runs.map((run) => ({
    ...bar(run.id, run.runbook, run.status, run.created_at, run.finished_at),
    beganMs: Date.parse(run.started_at ?? run.finished_at ?? NEVER),
    run: run.id,
  }));
  const ofApprovals = approvals.map((one) => ({
    ...bar(one.id, "Question", one.status, one.requested_at, answeredAt(one)),
    approval: one.id,
  }));
  const ofSilences = alert.silences.flatMap((one): Bar[] => {
    if (one.asked_at === null) return [];
    const key = `${one.run} ${one.step ?? ""} ${one.source}`;
    return [{ ...bar(key, "Silence", "skipped", one.asked_at, one.lifted_at ?? one.ends_at), run: one.run }];
  });
  const byTime = [...ofRuns, ...ofApprovals, ...ofSilences].toSorted(
    (left, right) => left.fromMs - right.fromMs,
  );
  return [firing, ...byTime];
}

/** Later than anything. */
const NEVER = "9999-01-01T00:00:00Z";

function answeredAt({ decided_at: at, status, deadline }: Approval): string | null {
  return at ?? (status === "pending" ? null : deadline);
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** It fired long before it was received: the line begins shortly before that. */
  readonly isCut: boolean;
}

/** A beginning so many times as long as all the rest would leave no room for it. */
const LEAD_TIMES_MAX = 6;

/** From the first moment to the last, or to now while something goes on. */
export function spanOf({ alert }: Life, bars: readonly Bar[], nowMs: number): Span {
  const isOpen = alert.closed_at === null || bars.some(({ toMs }) => toMs === null);
  const closedMs = alert.closed_at === null ? 0 : Date.parse(alert.closed_at);
  // A silence may be meant to end later than now.
  const lastMs = Math.max(closedMs, ...bars.map(({ toMs }) => Math.min(toMs ?? nowMs, nowMs)));
  const toMs = isOpen ? Math.max(lastMs, nowMs) : lastMs;
  const firstMs = Math.min(...bars.map(({ fromMs }) => fromMs));
  const receivedMs = Date.parse(alert.received_at);
  const restMs = Math.max(1_000, toMs - receivedMs);
  const isCut = receivedMs - firstMs > LEAD_TIMES_MAX * restMs;
  const fromMs = isCut ? receivedMs - restMs / 8 : firstMs;
  return { fromMs, toMs: Math.max(fromMs + 1, toMs), isCut };
}

/** Happenings that stand at one place of the line. */
export interface Sign {
  readonly leftPx: number;
  readonly happenings: readonly Happening[];
}

/** Signs that would lie over each other become one. Happenings in the order of time. */
export function signsOf(
  happenings: readonly Happening[],
  { fromMs, toMs }: Pick<Span, "fromMs" | "toMs">,
  widthPx: number,
  signPx: number,
): Sign[] {
  const signs: { leftPx: number; happenings: Happening[] }[] = [];
  for (const happening of happenings) {
    const part = (Date.parse(happening.at) - fromMs) / (toMs - fromMs);
    const leftPx = Math.min(1, Math.max(0, part)) * widthPx;
    const last = signs.at(-1);
    if (last !== undefined && leftPx - last.leftPx < signPx) last.happenings.push(happening);
    else signs.push({ leftPx, happenings: [happening] });
  }
  return signs;
}
