// The tables of runs that no alert started; types as in schema.ts.

/** What a caller has started under a key of its own, so that a repeated call starts nothing more. */
export interface StartKeyTable {
  readonly principal: string;
  readonly key: string;
  /** Of the whole request, keyed: it may hold a secret. */
  readonly digest: string;
  readonly run_id: string;
  readonly created_at: number;
}

/** What a person has written to a run. */
export interface RunNoteTable {
  readonly id: string;
  readonly run_id: string;
  readonly at: number;
  readonly principal: string;
  readonly text: string;
}

/** What became of the newest time of a schedule. */
export interface ScheduleTable {
  readonly name: string;
  /** The time by its cron expression. */
  readonly last_due_at: number;
  /** When it was judged. */
  readonly last_at: number;
  readonly last_result: string;
  readonly last_reason: string | null;
  readonly last_text: string | null;
  readonly last_run_id: string | null;
}
