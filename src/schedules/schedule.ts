import type { CronTimes } from "./cron.ts";

/** What becomes of times that passed while the service was down, or that a guard delayed. */
export const MISSED = ["run_once", "skip"] as const;
/** What becomes of a time at which the run of an earlier one still goes on. */
export const OVERLAPS = ["skip", "queue", "allow"] as const;

/** A runbook that is run at certain times. */
export interface Schedule {
  readonly name: string;
  readonly runbook: string;
  /** Its inputs, as written. */
  readonly with: Readonly<Record<string, unknown>>;
  readonly cron: CronTimes;
  /** Of the IANA database. */
  readonly timeZone: string;
  /** Each time is put off by up to so much, always the same for the same time. */
  readonly jitterMs: number;
  readonly missed: (typeof MISSED)[number];
  readonly overlap: (typeof OVERLAPS)[number];
  readonly file: string;
  readonly line: number;
}
