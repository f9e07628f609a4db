// The tables of statistics; types as in schema.ts.

/** What is counted, once for each distinct thing, so that the counts are narrow. No rule or runbook is an empty text. */
export interface StatSeriesTable {
  readonly id: number;
  readonly rule: string;
  readonly runbook: string;
  readonly measure: string;
  readonly value: string;
}

/** How often, in each hour (span 0) and, the same once more, in each day (span 1) of UTC that begins at `at`. */
export interface StatCountTable {
  readonly series: number;
  readonly span: number;
  readonly at: number;
  readonly count: number;
}

/** How far the counting has come: one row. */
export interface StatProgressTable {
  readonly id: number;
  /** The last decision that is counted; empty before the first. */
  readonly decided_to: string;
  /** Raised by every change of the counts, so that a reader notices one in its middle. */
  readonly steps: number;
}
