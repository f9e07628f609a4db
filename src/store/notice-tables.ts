// The tables of notices beside the outbox; types as in schema.ts.

/** What the receiver of a thread's first notice calls it, so that later ones are put beside it. */
export interface NoticeThreadTable {
  readonly thread: string;
  readonly notifier: string;
  /** The run that was told of first; null for an alert without one. */
  readonly run_id: string | null;
  readonly reference: string;
  readonly at: number;
}
