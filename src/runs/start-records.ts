import type { Reason } from "./reasons.ts";

// What is kept beside runs that no alert started.

/** What a person has written to a run; it is never changed. */
export interface RunNote {
  readonly id: string;
  readonly runId: string;
  readonly atMs: number;
  readonly principal: string;
  readonly text: string;
}

/** `skipped`: missed, or an earlier one goes on; `delayed`: it is tried again. */
export const SCHEDULE_RESULTS = ["started", "skipped", "delayed", "refused"] as const;
export type ScheduleResult = (typeof SCHEDULE_RESULTS)[number];

/** What became of the newest time of a schedule. */
export interface ScheduleRecord {
  readonly name: string;
  /** The time, by the cron expression. */
  readonly forMs: number;
  /** When it was judged. */
  readonly atMs: number;
  readonly result: ScheduleResult;
  /** Of what was not started, and of a run that waits in line. */
  readonly reason: Reason | null;
  readonly text: string | null;
  readonly runId: string | null;
}
