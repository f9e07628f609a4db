// What the API answers, as far as the pages use it. Snake case as it comes; unknown is null.

export interface List<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

export type RunStatus =
  | "queued"
  | "waiting_person"
  | "running"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "timed_out"
  | "interrupted"
  | "rejected";

export interface Step {
  readonly id: string;
  readonly section: string;
  readonly verb: string;
  readonly effect: string;
  readonly host: string | null;
  readonly status: string;
  readonly attempts: number;
  readonly exit_code: number | null;
  readonly message: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
}

export interface Run {
  readonly id: string;
  readonly runbook: string;
  readonly status: RunStatus;
  readonly outcome: string | null;
  readonly outcome_because: string | null;
  readonly trigger: {
    readonly kind: string;
    readonly rule: string | null;
    readonly alert: string | null;
    readonly principal: string;
  };
  readonly cause: { readonly title: string; readonly url: string; readonly started_at: string | null };
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly hosts: readonly string[];
  readonly plan_digest: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly failed_step: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly summary: string | null;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly steps?: readonly Step[];
  readonly dry_run: boolean;
  readonly bundle: {
    readonly url: string;
    readonly sha256: string;
    readonly size: number;
    readonly revision: number;
  } | null;
  readonly pinned: { readonly at: string; readonly by: string } | null;
  readonly evidence_removed_because: string | null;
  readonly notes?: readonly {
    readonly id: string;
    readonly at: string;
    readonly by: string;
    readonly text: string;
  }[];
}

export interface Artifact {
  readonly path: string;
  readonly size: number;
  readonly step: string | null;
  readonly host: string | null;
  readonly content_type: string;
  readonly truncated: boolean;
  readonly changed: boolean;
  readonly sensitive: boolean;
  readonly url: string;
}

export interface LogPart {
  readonly offset: number;
  readonly next_offset: number;
  readonly total_bytes: number | null;
  readonly complete: boolean;
  readonly content: string;
}

export interface Decision {
  readonly at: string;
  readonly kind: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly run: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Alert {
  readonly id: string;
  readonly source: string;
  readonly fingerprint: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly received_at: string;
  readonly closed_at: string | null;
  readonly repeats: number;
  readonly generator_url: string | null;
  readonly runs?: readonly string[];
  readonly decisions?: readonly Decision[];
}

export interface Input {
  readonly name: string;
  readonly type: string;
  readonly title: string | null;
  readonly help: string | null;
  readonly placeholder: string | null;
  readonly required: boolean;
  readonly default: unknown;
  readonly show_if: string | null;
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  readonly multiline?: boolean;
}

export interface Runbook {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly inputs: readonly Input[];
  readonly source?: string;
  readonly digest?: string;
  readonly steps?: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly verb: string;
    readonly effect: string;
  }[];
}

export interface Plan {
  readonly runbook: string;
  readonly digest: string;
  readonly hosts: readonly string[];
  readonly steps: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly verb: string;
    readonly effect: string;
    readonly host: string | null;
    readonly if: string | null;
    readonly preview?: string | null;
  }[];
  readonly confirm: { readonly input: string; readonly value?: string } | null;
  readonly expected_duration?: {
    readonly median_seconds: number;
    readonly p90_seconds: number;
    readonly runs: number;
  } | null;
  readonly guards:
    | readonly { readonly kind: string; readonly verdict?: string; readonly text: string | null }[]
    | null;
}

export interface Approval {
  readonly id: string;
  readonly kind: string;
  readonly run: string;
  readonly step: string | null;
  readonly runbook: string | null;
  readonly hosts: readonly string[];
  readonly requested_by: string;
  readonly requested_at: string;
  readonly may_approve: readonly string[];
  readonly may_decide: boolean;
  readonly answers: readonly string[];
  readonly status: string;
  readonly deadline: string;
  readonly plan_digest: string;
  readonly message: string | null;
  readonly count: number;
  readonly approved: number;
  readonly decided_by: string | null;
  readonly comment: string | null;
}

export interface Me {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly groups: readonly string[];
  readonly via: string;
  readonly is_local: boolean;
}

export interface Status {
  readonly version: string;
  readonly node: string;
  readonly started_at: string;
  readonly database: string;
  readonly configuration: {
    readonly revision: number;
    readonly digest: string;
    readonly loaded_at: string;
    readonly last_reload: {
      readonly at: string;
      readonly ok: boolean;
      readonly problems: readonly string[];
    } | null;
  };
  readonly rules: number;
  readonly runbooks: number;
  readonly hosts: number;
  readonly queue: { readonly depth: number; readonly oldest_at: string | null };
  readonly pauses_active: number;
  readonly notices: { readonly pending: number; readonly dead: number };
  readonly storage: {
    readonly disk: { readonly full: boolean; readonly free: number | null; readonly advice: string | null };
    readonly archive: { readonly size: number | null };
  };
}

export interface Rule {
  readonly name: string;
  readonly mode: string;
  readonly position: number | null;
  readonly file: string;
  readonly line: number;
  readonly runbook: string | null;
  readonly breaker: { readonly state: string; readonly because: string | null } | null;
  readonly statistics: Readonly<Record<string, RuleStatistics | boolean>>;
}

export interface RuleStatistics {
  readonly episodes: number;
  readonly decisions: readonly {
    readonly kind: string;
    readonly reason: string | null;
    readonly count: number;
  }[];
  readonly success_rate: number | null;
  readonly median_seconds_to_fix: number | null;
}

export interface Host {
  readonly name: string;
  readonly address: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly automation: string;
  readonly hold: { readonly reason: string; readonly principal: string; readonly until: string } | null;
}

export interface Pause {
  readonly name: string;
  readonly scope: string;
  readonly reason: string;
  readonly principal: string;
  readonly until: string;
}

export interface Schedule {
  readonly name: string;
  readonly runbook: string;
  readonly cron: string;
  readonly time_zone: string;
  readonly next_at: string | null;
  readonly last: {
    readonly at: string;
    readonly result: string;
    readonly reason: string | null;
    readonly run: string | null;
  } | null;
}

export interface AuditRow {
  readonly id: string;
  readonly at: string;
  readonly principal: string;
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly detail: Readonly<Record<string, unknown>>;
  readonly via: string | null;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}
