import type { Generated } from "kysely";
import type { ApiTokenTable, LoginAttemptTable, PersonTable, SessionTable } from "./access-tables.ts";
import type {
  AlertBundleTable,
  ArchiveRemovalTable,
  ArtifactTable,
  BundleTable,
  RunProblemTable,
} from "./archive-tables.ts";
import type { AuditChainTable, AuditTable } from "./audit-tables.ts";
import type {
  ApprovalTable,
  ApprovalVoteTable,
  BreakerTable,
  HostHoldTable,
  LadderTable,
  PauseTable,
  RuleOpeningTable,
  RunHostTable,
  RunLockTable,
  ShadowStartTable,
  SilenceTable,
  StartOnceTable,
} from "./guard-tables.ts";
import type { NoticeThreadTable } from "./notice-tables.ts";
import type { RunInputTable } from "./run-input-table.ts";
import type { RunNoteTable, ScheduleTable, StartKeyTable } from "./start-tables.ts";
import type { StatCountTable, StatProgressTable, StatSeriesTable } from "./stat-tables.ts";

// The tables. Times are integers: milliseconds since 1970. JSON is text. Names and values that senders chose are stored as
// arrays of pairs, never as object keys. No booleans: SQLite cannot bind them; 0 and 1 stand for them.

export interface DeliveryTable {
  readonly id: string;
  readonly source: string;
  readonly dialect: string;
  readonly received_at: number;
  /**
   * The body as received: bytes, because a database's text type refuses NUL. Null when it only repeated what was stored
   * before: those are counted in `episode_pulse`.
   */
  readonly body: Uint8Array | null;
  readonly alerts: number;
  readonly truncated: number;
  readonly receiver: string | null;
  readonly external_url: string | null;
}

export interface EpisodeTable {
  readonly id: string;
  readonly identity: string;
  readonly source: string;
  readonly fingerprint: string;
  readonly state: string;
  readonly nature: string;
  readonly labels: string;
  readonly annotations: string;
  readonly context: string;
  readonly starts_at: number;
  readonly starts_at_text: string;
  readonly generator_url: string | null;
  readonly opened_at: number;
  readonly ends_at: number | null;
  readonly closed_at: number | null;
  readonly delivery_id: string;
  readonly last_decision: string | null;
  readonly outcome: string | null;
}

/** What changes with every repeat of an alert: narrow rows, so that repeats write few pages. None before the first repeat. */
export interface EpisodePulseTable {
  readonly episode_id: string;
  readonly last_firing_at: number;
  readonly repeats: number;
}

export interface DecisionTable {
  readonly id: string;
  readonly delivery_id: string | null;
  readonly episode_id: string | null;
  readonly at: number;
  readonly kind: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly run_id: string | null;
  readonly detail: string;
  readonly catalog_digest: string;
}

export interface AlertGroupTable {
  readonly id: string;
  readonly rule: string;
  readonly group_key: string;
  readonly opened_at: number;
  readonly closed_at: number | null;
  readonly run_id: string | null;
}

export interface GroupMemberTable {
  readonly group_id: string;
  readonly episode_id: string;
  /** 1 once a run of the group was made with this member in mind. */
  readonly is_judged: number;
}

export interface RunbookTextTable {
  readonly digest: string;
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

export interface RunTable {
  readonly id: string;
  readonly runbook: string;
  readonly runbook_digest: string;
  readonly plan: string;
  readonly plan_digest: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly outcome_because: string | null;
  readonly trigger_kind: string;
  readonly rule: string | null;
  readonly episode_id: string | null;
  readonly principal: string;
  readonly group_id: string | null;
  readonly group_key: string | null;
  readonly cause: string;
  readonly verification: string | null;
  readonly owner: string | null;
  readonly fence: number;
  readonly lease_until: number | null;
  /** While running without an owner: not to be taken up before this time. */
  readonly parked_until: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly change_started_at: number | null;
  readonly change_ended_at: number | null;
  readonly failed_step: string | null;
  readonly message: string | null;
  readonly summary: string | null;
  readonly result: string | null;
  readonly catalog_digest: string;
  readonly cancel_requested_at: number | null;
  /** `alert_ended`, or null where a person asked. */
  readonly cancel_because: string | null;
  readonly rung: number;
  readonly on_resolve: string | null;
  /** A queued run is not looked at before this time, for this reason. */
  readonly held_until: number | null;
  readonly held_reason: string | null;
  /** When a person's yes put it in line; null for a run that was made in line. */
  readonly queued_at: number | null;
  /** 1: it only says what it would do. */
  readonly dry_run: Generated<number>;
  /** Since when a run that has begun waits for people; null while it does not. */
  readonly waiting_since: number | null;
  /** How long it has waited for people since it began, but for the current wait. */
  readonly waited_ms: Generated<number>;
  /** How much of it the statistics have: 1 its end, 2 its outcome as well. */
  readonly counted: Generated<number>;
  /** Kept, with its evidence, for as long as it is pinned. */
  readonly pinned_at: number | null;
  readonly pinned_by: string | null;
  /** When its files and bundles were removed; null while they are kept. */
  readonly evidence_removed_at: number | null;
  readonly evidence_removed_because: string | null;
}

export interface StepTable {
  readonly run_id: string;
  readonly id: string;
  readonly section: string;
  readonly position: number;
  readonly verb: string;
  readonly effect: string;
  readonly host: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly exit_code: number | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly message: string | null;
  readonly facts: string | null;
  readonly wait_until: number | null;
}

export interface AttemptTable {
  readonly run_id: string;
  readonly step_id: string;
  readonly number: number;
  readonly fence: number;
  readonly intent_at: number;
  readonly finished_at: number | null;
  readonly status: string | null;
  readonly exit_code: number | null;
  readonly message: string | null;
}

export interface TimerTable {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly due_at: number;
  readonly data: string;
}

export interface OutboxTable {
  readonly id: string;
  readonly run_id: string;
  readonly action: string;
  readonly target: string;
  readonly data: string;
  readonly due_at: number;
  readonly attempts: number;
  /** Nothing more is to be done: it was done, or given up. */
  readonly done_at: number | null;
  readonly last_error: string | null;
  /** Of a notice: those of one thread go to a notifier one after the other. */
  readonly thread: string | null;
  readonly notifier: string | null;
  /** When it was given up; null while it is tried, and where it was done. */
  readonly dead_at: number | null;
}

export interface NodeTable {
  readonly id: string;
  readonly started_at: number;
  readonly seen_at: number;
}

export interface MigrationTable {
  readonly name: string;
  readonly applied_at: Generated<number>;
}

export interface Schema {
  readonly delivery: DeliveryTable;
  readonly episode: EpisodeTable;
  readonly episode_pulse: EpisodePulseTable;
  readonly decision: DecisionTable;
  readonly alert_group: AlertGroupTable;
  readonly group_member: GroupMemberTable;
  readonly runbook_text: RunbookTextTable;
  readonly run: RunTable;
  readonly step: StepTable;
  readonly attempt: AttemptTable;
  readonly timer: TimerTable;
  readonly outbox: OutboxTable;
  readonly notice_thread: NoticeThreadTable;
  readonly artifact: ArtifactTable;
  readonly run_problem: RunProblemTable;
  readonly bundle: BundleTable;
  readonly alert_bundle: AlertBundleTable;
  readonly archive_removal: ArchiveRemovalTable;
  readonly run_input: RunInputTable;
  readonly start_key: StartKeyTable;
  readonly run_note: RunNoteTable;
  readonly schedule: ScheduleTable;
  readonly node: NodeTable;
  readonly run_lock: RunLockTable;
  readonly run_host: RunHostTable;
  readonly shadow_start: ShadowStartTable;
  readonly rule_opening: RuleOpeningTable;
  readonly approval: ApprovalTable;
  readonly approval_vote: ApprovalVoteTable;
  readonly pause: PauseTable;
  readonly host_hold: HostHoldTable;
  readonly breaker: BreakerTable;
  readonly ladder: LadderTable;
  readonly start_once: StartOnceTable;
  readonly silence: SilenceTable;
  readonly audit: AuditTable;
  readonly audit_chain: AuditChainTable;
  readonly stat_series: StatSeriesTable;
  readonly stat_count: StatCountTable;
  readonly stat_progress: StatProgressTable;
  readonly person: PersonTable;
  readonly session: SessionTable;
  readonly login_attempt: LoginAttemptTable;
  readonly api_token: ApiTokenTable;
  readonly schema_migration: MigrationTable;
}
