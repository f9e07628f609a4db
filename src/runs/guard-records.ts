// What guards and ladders keep beside the runs. Times are milliseconds since 1970.

/** A named stop of automation. It stops starts, not running steps. */
export interface Pause {
  readonly id: string;
  readonly name: string;
  /** `all`, `rule:NAME`, `runbook:NAME` or `hosts:SELECTOR`. */
  readonly scope: string;
  readonly reason: string;
  readonly principal: string;
  readonly createdAtMs: number;
  readonly untilMs: number;
  readonly removedAtMs: number | null;
  readonly removedBy: string | null;
}

/** A host that no rule may change for a while. */
export interface HostHold {
  readonly id: string;
  readonly host: string;
  readonly reason: string;
  readonly principal: string;
  readonly createdAtMs: number;
  readonly untilMs: number;
  readonly releasedAtMs: number | null;
  readonly releasedBy: string | null;
}

/** The state of a rule's breaker. Open from `openedAtMs` until it is reset, or its `reset_after` has passed. */
export interface BreakerState {
  readonly rule: string;
  readonly openedAtMs: number | null;
  /** The run that opened it. */
  readonly runId: string | null;
  readonly because: string | null;
  /** Failures before this no longer count. */
  readonly countedFromMs: number;
}

/** How far a rule has climbed for a group. */
export interface LadderState {
  readonly rule: string;
  readonly groupKey: string;
  /** The last rung that was begun; 0 is the rule's own runbook. */
  readonly rung: number;
  readonly atMs: number;
  /** The newest run of the climb; what a telling rung links to. */
  readonly runId: string;
}

/** Whose silence it is, and where. */
export interface SilenceKey {
  readonly runId: string;
  readonly source: string;
  /** The step that asked for it; null for the run's rule. */
  readonly stepId: string | null;
}

/** A silence of ours at a source. */
export interface Silence extends SilenceKey {
  /** The source's id of it; null while it is not known whether it was made. */
  readonly silenceId: string | null;
  /** Since when it is wanted; null where an earlier version has made it. */
  readonly askedAtMs: number | null;
  readonly endsAtMs: number;
  readonly liftedAtMs: number | null;
}
