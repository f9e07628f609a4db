import type { Artifact, Attempt, Decision, Episode, Run, StepRecord } from "../runs/records.ts";
import type { RunNote } from "../runs/start-records.ts";

/** Everything a bundle is made of, read from the database in one go. The same input always gives the same bytes. */
export interface BundleInput {
  readonly run: Run;
  /** The run's permalink. */
  readonly url: string;
  /** The episodes the run was for, the one that started it first; empty when a person or a schedule did. */
  readonly episodes: readonly Episode[];
  readonly decision: Decision | null;
  /** In the order of the runbook: steps, on_failure, finally. */
  readonly steps: readonly StepRecord[];
  readonly attempts: readonly Attempt[];
  /** In a fixed order; read more than once. */
  readonly artifacts: Iterable<Artifact>;
  /** Whether sensitive files are in it; otherwise the manifest only names them. */
  readonly hasSensitive: boolean;
  readonly problems: readonly BundleProblem[];
  /** The rows of the audit log about the run, and its changes to the world, in order. */
  readonly events: readonly BundleEvent[];
  readonly notices: readonly BundleNotice[];
  /** What people have written to it so far, oldest first. */
  readonly notes: readonly RunNote[];
  /** The runbook's file exactly as it was run. */
  readonly runbookText: string;
  /** 1 when the run ended; 2, 3, … after a verification or a note. */
  readonly revision: number;
  /** When this revision came to be: a stored time (the end of the run, of its verification), so that a repeat gives the same bytes. */
  readonly sealedAtMs: number;
  /** False for a snapshot of a run that is still going on. */
  readonly isComplete: boolean;
  /** The service's version. */
  readonly version: string;
}

/** Something that could not be gathered. */
export interface BundleProblem {
  readonly stepId: string | null;
  /** A path on a host, or what else was asked for. */
  readonly path: string;
  readonly message: string;
}

export interface BundleEvent {
  readonly atMs: number;
  /** Who did it, such as `user:dana` or `rule:web-latency`. */
  readonly actor: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Of a row of the audit log: what signs it. Null for what was recorded otherwise. */
  readonly record: Readonly<Record<string, string | null>> | null;
}

/** Who was told, or was to be told. */
export interface BundleNotice {
  readonly atMs: number;
  readonly to: string;
  readonly event: string;
  readonly isDelivered: boolean;
  /** Why it was not delivered; null when it was. */
  readonly message: string | null;
}
