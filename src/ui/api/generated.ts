// The shapes of the API, made from its OpenAPI document by docs/generate-api-types.ts. Not written by hand: change the schemas, and make it again.
/* oxlint-disable */

export type Access = {
  readonly user: string;
  readonly role: Role | null;
  readonly groups: readonly (string)[];
  readonly runbook: string;
  readonly answers: readonly ({
    readonly what: string;
    readonly allowed: boolean;
    readonly because: string;
  })[];
};

export type Alert = {
  readonly id: string;
  readonly source: string;
  readonly fingerprint: string;
  readonly status: AlertStatus;
  readonly outcome: Outcome | null;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly received_at: string;
  readonly closed_at: string | null;
  readonly repeats: number;
  readonly generator_url: string | null;
  readonly decision: LastDecision | null;
  readonly url: string;
};

export type AlertDetails = {
  readonly id: string;
  readonly source: string;
  readonly fingerprint: string;
  readonly status: AlertStatus;
  readonly outcome: Outcome | null;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly received_at: string;
  readonly closed_at: string | null;
  readonly repeats: number;
  readonly generator_url: string | null;
  readonly decision: LastDecision | null;
  readonly url: string;
  readonly runs: readonly (string)[];
  readonly silences: readonly (AlertSilence)[];
  readonly decisions: readonly (Decision)[];
};

export type AlertSilence = {
  readonly run: string;
  readonly step: string | null;
  readonly source: string;
  readonly made: boolean;
  readonly asked_at: string | null;
  readonly ends_at: string;
  readonly lifted_at: string | null;
};

export const ALERT_STATUS_WORDS = ["firing","resolved","ended","stale"] as const;
export type AlertStatus = (typeof ALERT_STATUS_WORDS)[number];

export type AllStatistics = {
  readonly days: number;
  readonly from: string | null;
  readonly to: string;
  readonly complete: boolean;
  readonly totals: Statistics;
  readonly rules: {
    readonly items: readonly (NamedStatistics)[];
    readonly more: number;
  };
  readonly runbooks: {
    readonly items: readonly (NamedStatistics)[];
    readonly more: number;
  };
};

export type Approval = {
  readonly id: string;
  readonly kind: "start" | "step" | "failed_step";
  readonly run: string;
  readonly step: string | null;
  readonly runbook: string | null;
  readonly hosts: readonly (string)[];
  readonly requested_by: string;
  readonly requested_at: string;
  readonly may_approve: readonly (string)[];
  readonly from: readonly (string)[];
  readonly passes_to: string | null;
  readonly passed_on_at: string | null;
  readonly may_decide: boolean;
  readonly answers: readonly ("approve" | "reject" | "retry" | "skip" | "stop")[];
  readonly status: "pending" | "approved" | "rejected" | "retried" | "skipped" | "stopped" | "expired" | "void";
  readonly deadline: string;
  readonly plan_digest: string;
  readonly message: string;
  readonly count: number;
  readonly approved: number;
  readonly said: readonly ({
    readonly by: string;
    readonly answer: "approve" | "reject" | "retry" | "skip" | "stop";
    readonly at: string;
    readonly comment: string | null;
  })[];
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly comment: string | null;
  readonly url: string;
  readonly run_url: string;
};

export type ApprovalDetails = {
  readonly id: string;
  readonly kind: "start" | "step" | "failed_step";
  readonly run: string;
  readonly step: string | null;
  readonly runbook: string | null;
  readonly hosts: readonly (string)[];
  readonly requested_by: string;
  readonly requested_at: string;
  readonly may_approve: readonly (string)[];
  readonly from: readonly (string)[];
  readonly passes_to: string | null;
  readonly passed_on_at: string | null;
  readonly may_decide: boolean;
  readonly answers: readonly ("approve" | "reject" | "retry" | "skip" | "stop")[];
  readonly status: "pending" | "approved" | "rejected" | "retried" | "skipped" | "stopped" | "expired" | "void";
  readonly deadline: string;
  readonly plan_digest: string;
  readonly message: string;
  readonly count: number;
  readonly approved: number;
  readonly said: readonly ({
    readonly by: string;
    readonly answer: "approve" | "reject" | "retry" | "skip" | "stop";
    readonly at: string;
    readonly comment: string | null;
  })[];
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly comment: string | null;
  readonly url: string;
  readonly run_url: string;
  readonly run_status: RunStatus;
  readonly plan: Plan | null;
  readonly failure: {
    readonly step: string;
    readonly host: string | null;
    readonly status: "pending" | "running" | "succeeded" | "failed" | "skipped" | "cancelled" | "timed_out" | "interrupted" | "rejected";
    readonly attempts: number;
    readonly exit_code: number | null;
    readonly message: string | null;
  } | null;
};

export type Artifact = {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly step: string | null;
  readonly host: string | null;
  readonly content_type: string;
  readonly truncated: boolean;
  readonly changed: boolean;
  readonly sensitive: boolean;
  readonly url: string;
};

export type AuditRecord = {
  readonly id: string;
  readonly at: string;
  readonly principal: string;
  readonly action: string;
  readonly subject: {
    readonly kind: string;
    readonly id: string;
  };
  readonly detail: { readonly [name: string]: unknown };
  readonly via: string | null;
  readonly remote_address: string | null;
  readonly sequence: number | null;
  readonly hash: string | null;
  readonly mac: string;
  readonly key: string;
};

export type Bundle = {
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
  readonly revision: number;
  readonly sealed_at: string;
};

export type Decision = {
  readonly at: string;
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
  readonly run: string | null;
  readonly detail: { readonly [name: string]: unknown };
};

export const DECISION_KIND_WORDS = ["started","waiting_person","queued","joined","observed","refused","delayed","no_match","repeat","closed","ignored"] as const;
export type DecisionKind = (typeof DECISION_KIND_WORDS)[number];

export const EFFECT_WORDS = ["read","change","destructive"] as const;
export type Effect = (typeof EFFECT_WORDS)[number];

export type Explanation = {
  readonly at: string;
  readonly alert: {
    readonly source: string;
    readonly fingerprint: string;
    readonly labels: { readonly [name: string]: string };
    readonly annotations: { readonly [name: string]: string };
  };
  readonly rules: readonly ({
    readonly because: string;
    readonly because_kind: "all" | "source" | "meta" | "matcher" | "if" | "when_count" | "taken" | "missing_label" | "expression_error";
    readonly values: readonly ({
      readonly name: string;
      readonly value: string | null;
    })[];
    readonly position: number;
    readonly rule: string;
    readonly mode: "observe" | "approve" | "auto";
    readonly verdict: "matches" | "no" | "not_tried" | "cannot_judge";
    readonly guards: readonly (GuardVerdict)[];
  })[];
  readonly decisions: readonly ({
    readonly kind: DecisionKind;
    readonly rule: string | null;
    readonly reason: Reason | null;
    readonly detail: { readonly [name: string]: unknown };
  })[];
  readonly runs: readonly ({
    readonly rule: string | null;
    readonly runbook: string;
    readonly status: RunStatus;
    readonly rung: number;
    readonly inputs: { readonly [name: string]: unknown };
    readonly hosts: readonly (string)[];
    readonly plan_digest: string;
    readonly steps: readonly ({
      readonly id: string;
      readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
      readonly effect: Effect;
      readonly host: string | null;
    })[];
  })[];
};

export type GuardVerdict = {
  readonly guard: Reason;
  readonly verdict: "passes" | "queues" | "delays" | "refuses";
  readonly text: string;
  readonly retry_at: string | null;
};

export type HeldBack = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors: readonly ({
    readonly pointer: string;
    readonly code: string;
    readonly message: string;
  })[];
  readonly reason: Reason;
  readonly retry_at: string | null;
  readonly against: readonly ({
    readonly reason: Reason;
    readonly verdict: "queues" | "delays" | "refuses";
    readonly text: string;
  })[];
};

export type Host = {
  readonly name: string;
  readonly address: string | null;
  readonly labels: { readonly [name: string]: string };
  readonly automation: "on" | "off" | null;
  readonly hold: {
    readonly reason: string;
    readonly principal: string;
    readonly since: string;
    readonly until: string;
  } | null;
};

export type Input = {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "choice" | "multi_choice" | "host" | "hosts" | "duration" | "date" | "datetime" | "secret" | "file";
  readonly title: string | null;
  readonly help: string | null;
  readonly placeholder: string | null;
  readonly required: boolean;
  readonly default: unknown;
  readonly show_if: string | null;
  readonly pattern?: string;
  readonly min_length?: number;
  readonly max_length?: number;
  readonly multiline?: boolean;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly options?: readonly ({
    readonly value: string;
    readonly label: string;
  })[];
  readonly options_from?: string | null;
  readonly min_count?: number;
  readonly max_count?: number;
  readonly in?: string;
  readonly max_size?: number;
};

export type Keeping = {
  readonly pinned: {
    readonly at: string;
    readonly by: string | null;
  } | null;
  readonly evidence_removed_at: string | null;
  readonly evidence_removed_because: "age" | "archive_full" | null;
  readonly id: string;
};

export type LastDecision = {
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
  readonly run: string | null;
  readonly runbook: string | null;
  readonly run_status: RunStatus | null;
  readonly at: string;
};

export type Log = {
  readonly step: string;
  readonly stream: "stdout" | "stderr";
  readonly attempt: number;
  readonly offset: number;
  readonly next_offset: number;
  readonly total_bytes: number | null;
  readonly first_line: number | null;
  readonly total_lines: number | null;
  readonly complete: boolean;
  readonly content: string;
};

export type LogMatch = {
  readonly number: number;
  readonly line: number | null;
  readonly offset: number;
  readonly column: number | null;
  readonly text: string;
};

export type LogMatches = {
  readonly step: string;
  readonly stream: "stdout" | "stderr";
  readonly attempt: number;
  readonly total: number;
  readonly complete: boolean;
  readonly matches: readonly (LogMatch)[];
};

export type LogPart = {
  readonly attempt: number;
  readonly offset: number;
  readonly next_offset: number;
  readonly total_bytes: number | null;
  readonly first_line: number | null;
  readonly total_lines: number | null;
  readonly complete: boolean;
  readonly content: string;
};

export type MayNotRun = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors: readonly ({
    readonly pointer: string;
    readonly code: string;
    readonly message: string;
  })[];
  readonly may_run: readonly (string)[];
};

export type Me = {
  readonly id: string;
  readonly name: string;
  readonly role: Role | null;
  readonly groups: readonly (string)[];
  readonly via: "local" | "proxy" | "session" | "token";
  readonly scopes: readonly (string)[] | null;
  readonly is_local: boolean;
  readonly permissions: readonly (Permission)[];
};

export type NamedStatistics = {
  readonly episodes: number;
  readonly decisions: readonly ({
    readonly kind: DecisionKind;
    readonly reason: Reason | null;
    readonly count: number;
  })[];
  readonly runs: {
    readonly succeeded: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly timed_out: number;
    readonly interrupted: number;
    readonly rejected: number;
  };
  readonly outcomes: {
    readonly fixed: number;
    readonly no_effect: number;
    readonly worse: number;
    readonly unknown: number;
  };
  readonly success_rate: number | null;
  readonly self_resolved: number;
  readonly median_seconds_to_fix: number | null;
  readonly name: string;
};

export type NewToken = {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly scopes: readonly (string)[];
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  readonly revoked_by: string | null;
  readonly token: string;
};

export type Note = {
  readonly id: string;
  readonly at: string;
  readonly by: string;
  readonly text: string;
};

export type Notice = {
  readonly id: string;
  readonly notifier: string;
  readonly event: string;
  readonly title: string;
  readonly run: string | null;
  readonly url: string;
  readonly status: "pending" | "sent" | "dead";
  readonly attempts: number;
  readonly sent_at: string | null;
  readonly given_up_at: string | null;
  readonly next_try_at: string | null;
  readonly error: string | null;
};

export type OtherPlan = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors: readonly ({
    readonly pointer: string;
    readonly code: string;
    readonly message: string;
  })[];
  readonly plan_digest: string;
  readonly given_plan_digest: string;
};

export const OUTCOME_WORDS = ["fixed","no_effect","worse","unknown"] as const;
export type Outcome = (typeof OUTCOME_WORDS)[number];

export type Pause = {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly reason: string;
  readonly principal: string;
  readonly created_at: string;
  readonly until: string;
  readonly active: boolean;
  readonly removed_at: string | null;
  readonly removed_by: string | null;
};

export const PERMISSION_WORDS = ["see","read_evidence","explain","manage_run","plan","read_sensitive","operate","administer","start"] as const;
export type Permission = (typeof PERMISSION_WORDS)[number];

export type Person = {
  readonly name: string;
  readonly groups: readonly (string)[];
  readonly role: Role | null;
  readonly via: "settings" | "password" | "proxy" | "oidc";
  readonly created_at: string | null;
  readonly created_by: string | null;
  readonly last_seen_at: string | null;
};

export type Plan = {
  readonly runbook: string;
  readonly digest: string;
  readonly inputs: { readonly [name: string]: unknown };
  readonly hosts: readonly (string)[];
  readonly steps: readonly ({
    readonly id: string;
    readonly name: string | null;
    readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
    readonly effect: Effect;
    readonly host: string | null;
    readonly if: string | null;
    readonly preview: string | null;
    readonly action: string;
  })[];
  readonly on_failure: readonly ({
    readonly id: string;
    readonly name: string | null;
    readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
    readonly effect: Effect;
    readonly host: string | null;
    readonly if: string | null;
    readonly preview: string | null;
    readonly action: string;
  })[];
  readonly finally: readonly ({
    readonly id: string;
    readonly name: string | null;
    readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
    readonly effect: Effect;
    readonly host: string | null;
    readonly if: string | null;
    readonly preview: string | null;
    readonly action: string;
  })[];
  readonly confirm: {
    readonly input: string;
    readonly value: string;
  } | null;
  readonly approval: {
    readonly count: number;
    readonly may_approve: readonly (string)[];
  } | null;
  readonly guards: readonly (GuardVerdict)[] | null;
  readonly expected_duration: {
    readonly median_seconds: number;
    readonly p90_seconds: number;
    readonly runs: number;
  } | null;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors: readonly ({
    readonly pointer: string;
    readonly code: string;
    readonly message: string;
  })[];
};

export type QueueHolder = {
  readonly kind: "host" | "lock" | "rule" | "runbook";
  readonly name: string;
  readonly run: {
    readonly id: string;
    readonly runbook: string;
    readonly status: RunStatus;
    readonly started_at: string | null;
    readonly url: string;
  } | null;
};

export const REASON_WORDS = ["paused","automation_off","inactive","muted","loop","breaker","cooldown","rate_limit","budget","per_user","concurrency","lock","assert","after","batch","plan_failed","missing_label","expired","silenced","ladder_ended","queue_full","test_alert","meta_alert","invalid_alert","resolved_without_firing","late"] as const;
export type Reason = (typeof REASON_WORDS)[number];

export type Removal = {
  readonly id: string;
  readonly status: "running" | "done" | "failed";
  readonly started_at: string;
  readonly stage: "waiting" | "evidence" | "runs" | "history" | "audit" | "size" | "archive";
  readonly compared_runs: number;
  readonly removed: number;
  readonly report: {
    readonly dry_run: boolean;
    readonly removed: readonly ({
      readonly count: number;
      readonly bytes: number;
      readonly kind: "run" | "evidence" | "decision" | "delivery" | "alert" | "runbook_text" | "guard_note" | "alert_bundle" | "audit" | "stray_file";
    })[];
    readonly archive: {
      readonly bytes: number;
      readonly max_bytes: number;
    };
    readonly missing: {
      readonly files: readonly (string)[];
      readonly more: number;
    };
    readonly unknown: {
      readonly count: number;
      readonly bytes: number;
    };
  } | null;
  readonly error: string | null;
};

export const ROLE_WORDS = ["viewer","responder","operator","admin"] as const;
export type Role = (typeof ROLE_WORDS)[number];

export type Rule = {
  readonly name: string;
  readonly mode: "observe" | "approve" | "auto";
  readonly position: number | null;
  readonly file: string;
  readonly line: number;
  readonly runbook: string | null;
  readonly with: { readonly [name: string]: string };
  readonly matchers: readonly (string)[];
  readonly if: string | null;
  readonly conditions: readonly (string)[];
  readonly guards: readonly (string)[];
  readonly following: readonly (string)[];
  readonly breaker: {
    readonly state: "open" | "closed";
    readonly opened_at: string | null;
    readonly because: string | null;
    readonly run: string | null;
  } | null;
  readonly statistics: {
    readonly complete: boolean;
    readonly days_1: Statistics;
    readonly days_7: Statistics;
    readonly days_30: Statistics;
  };
};

export type RuleDetails = {
  readonly name: string;
  readonly mode: "observe" | "approve" | "auto";
  readonly position: number | null;
  readonly file: string;
  readonly line: number;
  readonly runbook: string | null;
  readonly with: { readonly [name: string]: string };
  readonly matchers: readonly (string)[];
  readonly if: string | null;
  readonly conditions: readonly (string)[];
  readonly guards: readonly (string)[];
  readonly following: readonly (string)[];
  readonly breaker: {
    readonly state: "open" | "closed";
    readonly opened_at: string | null;
    readonly because: string | null;
    readonly run: string | null;
  } | null;
  readonly statistics: {
    readonly complete: boolean;
    readonly days_1: Statistics;
    readonly days_7: Statistics;
    readonly days_30: Statistics;
  };
  readonly source: string | null;
  readonly source_line: number | null;
};

export type Run = {
  readonly id: string;
  readonly runbook: string;
  readonly status: RunStatus;
  readonly outcome: Outcome | null;
  readonly outcome_because: string | null;
  readonly trigger: {
    readonly kind: TriggerKind;
    readonly rule: string | null;
    readonly alert: string | null;
    readonly principal: string;
  };
  readonly cause: {
    readonly title: string;
    readonly url: string;
    readonly started_at: string;
  };
  readonly inputs: { readonly [name: string]: unknown };
  readonly hosts: readonly (string)[];
  readonly plan_digest: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly failed_step: string | null;
  readonly reason: Reason | null;
  readonly retry_at: string | null;
  readonly message: string | null;
  readonly summary: string | null;
  readonly result: { readonly [name: string]: unknown } | null;
  readonly url: string;
  readonly config: {
    readonly digest: string;
  };
  readonly dry_run: boolean;
  readonly bundle: Bundle | null;
  readonly pinned: {
    readonly at: string;
    readonly by: string | null;
  } | null;
  readonly evidence_removed_at: string | null;
  readonly evidence_removed_because: "age" | "archive_full" | null;
};

export type RunDetails = {
  readonly id: string;
  readonly runbook: string;
  readonly status: RunStatus;
  readonly outcome: Outcome | null;
  readonly outcome_because: string | null;
  readonly trigger: {
    readonly kind: TriggerKind;
    readonly rule: string | null;
    readonly alert: string | null;
    readonly principal: string;
  };
  readonly cause: {
    readonly title: string;
    readonly url: string;
    readonly started_at: string;
  };
  readonly inputs: { readonly [name: string]: unknown };
  readonly hosts: readonly (string)[];
  readonly plan_digest: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly failed_step: string | null;
  readonly reason: Reason | null;
  readonly retry_at: string | null;
  readonly message: string | null;
  readonly summary: string | null;
  readonly result: { readonly [name: string]: unknown } | null;
  readonly url: string;
  readonly config: {
    readonly digest: string;
  };
  readonly dry_run: boolean;
  readonly bundle: Bundle | null;
  readonly pinned: {
    readonly at: string;
    readonly by: string | null;
  } | null;
  readonly evidence_removed_at: string | null;
  readonly evidence_removed_because: "age" | "archive_full" | null;
  readonly steps: readonly (RunStep)[];
  readonly notes: readonly (Note)[];
  readonly permissions: readonly (Permission)[];
};

export type RunQueue = {
  readonly queued: boolean;
  readonly reason: Reason | null;
  readonly retry_at: string | null;
  readonly ahead: number;
  readonly running: number;
  readonly slots: number;
  readonly held_by: readonly (QueueHolder)[];
};

export const RUN_STATUS_WORDS = ["queued","waiting_person","running","succeeded","failed","cancelled","timed_out","interrupted","rejected"] as const;
export type RunStatus = (typeof RUN_STATUS_WORDS)[number];

export type RunStep = {
  readonly id: string;
  readonly section: "steps" | "on_failure" | "finally";
  readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
  readonly effect: Effect;
  readonly host: string | null;
  readonly status: "pending" | "running" | "succeeded" | "failed" | "skipped" | "cancelled" | "timed_out" | "interrupted" | "rejected";
  readonly attempts: number;
  readonly exit_code: number | null;
  readonly message: string | null;
  readonly outputs: { readonly [name: string]: unknown } | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
};

export type Runbook = {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly (string)[];
  readonly inputs: readonly (Input)[];
  readonly confirm: string | null;
  readonly may_run: readonly (string)[];
  readonly may_start: boolean;
  readonly last_run: {
    readonly id: string;
    readonly status: RunStatus;
    readonly outcome: Outcome | null;
    readonly created_at: string;
    readonly finished_at: string | null;
  } | null;
  readonly last_30_days: {
    readonly runs: {
      readonly succeeded: number;
      readonly failed: number;
      readonly cancelled: number;
      readonly timed_out: number;
      readonly interrupted: number;
      readonly rejected: number;
    };
    readonly outcomes: {
      readonly fixed: number;
      readonly no_effect: number;
      readonly worse: number;
      readonly unknown: number;
    };
    readonly success_rate: number | null;
    readonly complete: boolean;
  };
};

export type RunbookDetails = {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly (string)[];
  readonly inputs: readonly (Input)[];
  readonly confirm: string | null;
  readonly may_run: readonly (string)[];
  readonly may_start: boolean;
  readonly last_run: {
    readonly id: string;
    readonly status: RunStatus;
    readonly outcome: Outcome | null;
    readonly created_at: string;
    readonly finished_at: string | null;
  } | null;
  readonly last_30_days: {
    readonly runs: {
      readonly succeeded: number;
      readonly failed: number;
      readonly cancelled: number;
      readonly timed_out: number;
      readonly interrupted: number;
      readonly rejected: number;
    };
    readonly outcomes: {
      readonly fixed: number;
      readonly no_effect: number;
      readonly worse: number;
      readonly unknown: number;
    };
    readonly success_rate: number | null;
    readonly complete: boolean;
  };
  readonly file: string;
  readonly digest: string;
  readonly steps: readonly ({
    readonly id: string;
    readonly name: string | null;
    readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
    readonly effect: Effect;
  })[];
  readonly on_failure: readonly ({
    readonly id: string;
    readonly name: string | null;
    readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
    readonly effect: Effect;
  })[];
  readonly finally: readonly ({
    readonly id: string;
    readonly name: string | null;
    readonly verb: "run" | "command" | "collect" | "put" | "http" | "prometheus" | "wait" | "notify" | "silence" | "annotate" | "approve" | "for_each" | "runbook";
    readonly effect: Effect;
  })[];
  readonly inputs_schema: { readonly [name: string]: unknown };
  readonly source: string;
  readonly expected_duration: {
    readonly median_seconds: number;
    readonly p90_seconds: number;
    readonly runs: number;
  } | null;
  readonly started_by: {
    readonly rules: readonly (string)[];
    readonly schedules: readonly (string)[];
  } | null;
};

export type Schedule = {
  readonly name: string;
  readonly runbook: string;
  readonly with: { readonly [name: string]: unknown };
  readonly cron: string;
  readonly time_zone: string;
  readonly jitter: string;
  readonly missed: "run_once" | "skip";
  readonly overlap: "skip" | "queue" | "allow";
  readonly file: string;
  readonly line: number;
  readonly next_at: string | null;
  readonly may_start: boolean;
  readonly last: {
    readonly for: string;
    readonly at: string;
    readonly result: "started" | "skipped" | "delayed" | "refused";
    readonly reason: Reason | null;
    readonly text: string | null;
    readonly run: string | null;
  } | null;
};

export type Source = {
  readonly name: string;
  readonly kind: "alertmanager" | "grafana" | "generic";
  readonly auth: "none" | "bearer" | "basic" | "hmac" | "standard_webhooks";
  readonly api: boolean;
  readonly url: string;
};

export type Statistics = {
  readonly episodes: number;
  readonly decisions: readonly ({
    readonly kind: DecisionKind;
    readonly reason: Reason | null;
    readonly count: number;
  })[];
  readonly runs: {
    readonly succeeded: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly timed_out: number;
    readonly interrupted: number;
    readonly rejected: number;
  };
  readonly outcomes: {
    readonly fixed: number;
    readonly no_effect: number;
    readonly worse: number;
    readonly unknown: number;
  };
  readonly success_rate: number | null;
  readonly self_resolved: number;
  readonly median_seconds_to_fix: number | null;
};

export type Status = {
  readonly version: string;
  readonly node: string;
  readonly started_at: string;
  readonly database: "sqlite" | "postgres";
  readonly configuration: {
    readonly digest: string;
    readonly revision: number;
    readonly loaded_at: string;
    readonly last_reload: {
      readonly at: string;
      readonly ok: boolean;
      readonly problems: readonly (string)[];
      readonly problems_more: number;
      readonly changed: {
        readonly rules: {
          readonly added: readonly (string)[];
          readonly removed: readonly (string)[];
          readonly changed: readonly (string)[];
          readonly more: number;
        };
        readonly rule_order: boolean;
        readonly runbooks: {
          readonly added: readonly (string)[];
          readonly removed: readonly (string)[];
          readonly changed: readonly (string)[];
          readonly more: number;
        };
        readonly schedules: {
          readonly added: readonly (string)[];
          readonly removed: readonly (string)[];
          readonly changed: readonly (string)[];
          readonly more: number;
        };
        readonly hosts: {
          readonly added: readonly (string)[];
          readonly removed: readonly (string)[];
          readonly changed: readonly (string)[];
          readonly more: number;
        };
        readonly settings: readonly (string)[];
      } | null;
    } | null;
  };
  readonly rules: number;
  readonly runbooks: number;
  readonly schedules: number;
  readonly hosts: number;
  readonly queue: {
    readonly depth: number;
    readonly oldest_at: string | null;
  };
  readonly pauses_active: number;
  readonly notices: {
    readonly pending: number;
    readonly dead: number;
  };
  readonly storage: {
    readonly disk: {
      readonly full: boolean;
      readonly free: number | null;
      readonly advice: string | null;
    };
    readonly ballast: {
      readonly state: "held" | "given_up" | "missing" | "off";
      readonly size: number;
    };
    readonly archive: {
      readonly size: number | null;
      readonly spool: number;
      readonly spool_max: number;
    };
  };
};

export type Token = {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly scopes: readonly (string)[];
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  readonly revoked_by: string | null;
};

export const TRIGGER_KIND_WORDS = ["alert","person","schedule","api","assistant"] as const;
export type TriggerKind = (typeof TRIGGER_KIND_WORDS)[number];
