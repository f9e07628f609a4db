import type { Decision, Episode } from "../runs/records.ts";

/** Everything the bundle of an alert is made of. The same input always gives the same bytes. */
export interface AlertBundleInput {
  readonly episode: Episode;
  /** The alert's page. */
  readonly url: string;
  /** Oldest first. */
  readonly decisions: readonly Decision[];
  /** Oldest first. */
  readonly runs: readonly AlertBundleRun[];
  /** False when one of the runs goes on. */
  readonly isComplete: boolean;
  /** A stored time: that of the newest thing in it. */
  readonly sealedAtMs: number;
  /** The service's version. */
  readonly version: string;
}

export interface AlertBundleRun {
  readonly id: string;
  readonly runbook: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly createdAtMs: number;
  /** Null when it is not kept any more, and why. */
  readonly bundle:
    | { readonly kind: "stored"; readonly revision: number; readonly sha256: string; readonly name: string }
    /** Made for this once. */
    | { readonly kind: "snapshot"; readonly zipPath: string; readonly name: string }
    | { readonly kind: "gone"; readonly why: string };
}
