// The tables of guards, approvals and ladders; types as in schema.ts.

/** The locks that live runs have or wait for: at most one run has each. Gone when the run ends. */
export interface RunLockTable {
  readonly name: string;
  readonly run_id: string;
  readonly taken_at: number | null;
}

/** The hosts that a run may change. `changed_at` is the start of its last change step there; null before. */
export interface RunHostTable {
  readonly run_id: string;
  readonly host: string;
  readonly rule: string | null;
  readonly at: number;
  readonly changed_at: number | null;
  /** The run that changed the host in the minutes before this run's alert opened; null when none did. */
  readonly after_run: string | null;
}

/** Starts that rules in `observe` would have made, for the guards that count them. */
export interface ShadowStartTable {
  readonly id: string;
  readonly rule: string;
  readonly group_key: string;
  readonly at: number;
}

/** Alerts that a rule with `when_count` matched. */
export interface RuleOpeningTable {
  readonly episode_id: string;
  readonly rule: string;
  readonly group_key: string;
  readonly identity: string;
  readonly opened_at: number;
}

export interface ApprovalTable {
  readonly id: string;
  readonly kind: string;
  readonly step_id: string | null;
  /** How many different people have to say yes. */
  readonly wanted: number;
  readonly grants: string;
  readonly passed_at: number | null;
  readonly failed_step: string | null;
  readonly run_id: string;
  readonly plan_digest: string;
  readonly message: string;
  readonly requested_by: string;
  readonly requested_at: number;
  readonly deadline: number;
  readonly state: string;
  readonly decided_by: string | null;
  readonly decided_at: number | null;
  readonly comment: string | null;
}

/** What one person said to an approval. */
export interface ApprovalVoteTable {
  readonly approval_id: string;
  readonly principal: string;
  readonly answer: string;
  readonly at: number;
  readonly comment: string | null;
}

export interface PauseTable {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly reason: string;
  readonly principal: string;
  readonly created_at: number;
  readonly until: number;
  readonly removed_at: number | null;
  readonly removed_by: string | null;
}

export interface HostHoldTable {
  readonly id: string;
  readonly host: string;
  readonly reason: string;
  readonly principal: string;
  readonly created_at: number;
  readonly until: number;
  readonly released_at: number | null;
  readonly released_by: string | null;
}

export interface BreakerTable {
  readonly rule: string;
  readonly opened_at: number | null;
  readonly run_id: string | null;
  readonly because: string | null;
  readonly counted_from: number;
}

export interface LadderTable {
  readonly rule: string;
  readonly group_key: string;
  readonly rung: number;
  readonly at: number;
  readonly run_id: string;
}

/** Keys of starts that happen once: a rung of a ladder for an alert, the follow-up of a run. */
export interface StartOnceTable {
  readonly key: string;
  readonly at: number;
}

export interface SilenceTable {
  readonly run_id: string;
  readonly source: string;
  /** Empty for the silence of the run's rule. */
  readonly step_id: string;
  readonly silence_id: string | null;
  /** Null for those of earlier versions. */
  readonly asked_at: number | null;
  readonly ends_at: number;
  readonly lifted_at: number | null;
}
