import { digestOf } from "../platform/digest.ts";
import type { Schedule } from "./schedule.ts";

/** A time of a schedule. */
export interface Due {
  /** By its cron expression. */
  readonly forMs: number;
  /** With its jitter: when it is judged. */
  readonly dueAtMs: number;
}

/** The first time after that moment; null when there is none. Every node comes to the same. */
export function nextDue(schedule: Schedule, afterMs: number): Due | null {
  const forMs = schedule.cron.nextAfter(afterMs);
  if (forMs === null) return null;
  return { forMs, dueAtMs: forMs + jitterOf(schedule, forMs) };
}

/** What its times come from: when this is another one, they are others. */
export function definitionOf({ cron, timeZone, jitterMs }: Schedule): string {
  return digestOf([cron.source, timeZone, jitterMs]);
}

/** From 0 to the schedule's jitter. */
function jitterOf({ name, jitterMs }: Schedule, forMs: number): number {
  const share = Number.parseInt(digestOf([name, forMs]).slice(0, 8), 16) / 0x1_0000_0000;
  return Math.floor(share * jitterMs);
}
