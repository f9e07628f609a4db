/** What retention removes, as counted in its report and in its metric. */
export const RETENTION_KINDS = [
  "run",
  "evidence",
  "decision",
  "delivery",
  "alert",
  "runbook_text",
  "guard_note",
  "alert_bundle",
  "audit",
  "stray_file",
] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];

export interface Removed {
  readonly count: number;
  /** Of files and bodies; 0 for rows. */
  readonly bytes: number;
}

/** What one pass has removed, or in a dry run would have. */
export interface RetentionReport {
  readonly isDryRun: boolean;
  readonly removed: ReadonlyMap<RetentionKind, Removed>;
  /** Of files and bundles, before this pass; of what the database knows. */
  readonly archiveBytes: number;
  readonly maxBytes: number;
  /** Files that the database names and the archive does not have. */
  readonly missing: readonly string[];
  readonly missingMore: number;
  /** Folders of runs and bundles that the database does not know. They are removed only when asked for. */
  readonly unknown: Removed;
}

/** What a pass is at, in this order. `waiting`: for the end of another one. */
export const RETENTION_STAGES = [
  "waiting",
  "evidence",
  "runs",
  "history",
  "audit",
  "size",
  "archive",
] as const;
export type RetentionStage = (typeof RETENTION_STAGES)[number];

/** How far a pass has come. */
export interface Progress {
  readonly stage: RetentionStage;
  /** Runs whose files were compared with the database. */
  readonly comparedRuns: number;
  /** Of all kinds. */
  readonly removed: number;
}

/** Names shown of what is missing; the rest is counted. */
const MISSING_SHOWN_MAX = 100;

/** Collects a report while a pass goes on. */
export class ReportBuilder {
  readonly #removed = new Map<RetentionKind, Removed>();
  readonly #missing: string[] = [];
  #missingMore = 0;
  #unknown: Removed = { count: 0, bytes: 0 };
  archiveBytes = 0;
  stage: RetentionStage = "waiting";
  comparedRuns = 0;

  progress(): Progress {
    const removed = [...this.#removed.values()].reduce((sum, { count }) => sum + count, 0);
    return { stage: this.stage, comparedRuns: this.comparedRuns, removed };
  }

  remove(kind: RetentionKind, count: number, bytes = 0): void {
    if (count === 0) return;
    const before = this.#removed.get(kind) ?? { count: 0, bytes: 0 };
    this.#removed.set(kind, { count: before.count + count, bytes: before.bytes + bytes });
  }

  miss(path: string): void {
    if (this.#missing.length < MISSING_SHOWN_MAX) this.#missing.push(path);
    else this.#missingMore += 1;
  }

  findUnknown(bytes: number): void {
    this.#unknown = { count: this.#unknown.count + 1, bytes: this.#unknown.bytes + bytes };
  }

  removed(kind: RetentionKind): Removed {
    return this.#removed.get(kind) ?? { count: 0, bytes: 0 };
  }

  finish(isDryRun: boolean, maxBytes: number): RetentionReport {
    return {
      isDryRun,
      // In the order of the kinds, whatever the pass came to first.
      removed: new Map(
        RETENTION_KINDS.flatMap((kind) => {
          const removed = this.#removed.get(kind);
          return removed === undefined ? [] : [[kind, removed] as const];
        }),
      ),
      archiveBytes: this.archiveBytes,
      maxBytes,
      missing: this.#missing,
      missingMore: this.#missingMore,
      unknown: this.#unknown,
    };
  }
}
