// What people are asked, and what each of them said. Times are milliseconds since 1970.

/** `start`: whether a run may start. `step`: an `approve` step. `failed_step`: how a run goes on after a step has failed. */
export const APPROVAL_KINDS = ["start", "step", "failed_step"] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

/** What a person may say. `approve` and `reject` to the first two kinds, the others to a step that has failed. */
export const ANSWERS = ["approve", "reject", "retry", "skip", "stop"] as const;
export type Answer = (typeof ANSWERS)[number];

export const APPROVAL_STATES = [
  "pending",
  "approved",
  "rejected",
  "retried",
  "skipped",
  "stopped",
  "expired",
  "void",
] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** What an approval has become once this was the last word. */
export const STATE_AFTER = {
  approve: "approved",
  reject: "rejected",
  retry: "retried",
  skip: "skipped",
  stop: "stopped",
} as const satisfies Record<Answer, ApprovalState>;

/** What may be said to an approval of this kind. */
export function answersTo(kind: ApprovalKind): readonly Answer[] {
  return kind === "failed_step" ? ["retry", "skip", "stop"] : ["approve", "reject"];
}

/** Who may answer: names of `everyone`, `user:NAME` and `group:NAME`, frozen when people were asked. */
export interface ApprovalGrants {
  /** The runbook's `access.approve`; empty: operators and admins. */
  readonly approve: readonly string[];
  /** Only those of them that this names as well; empty: all. */
  readonly from: readonly string[];
  /** Asked, and allowed to answer, once nobody has decided in time; null: nobody. */
  readonly thenAsk: string | null;
}

/** A step that has failed, as it was when people were asked. */
export interface FailedStep {
  /** How the step ends unless a person says something else. */
  readonly status: "failed" | "timed_out";
  /** How often it had been tried. */
  readonly attempts: number;
}

/** A question to people about one run, for one plan. */
export interface Approval {
  readonly id: string;
  readonly kind: ApprovalKind;
  readonly runId: string;
  /** Null for a run that has not started. */
  readonly stepId: string | null;
  /** What is approved: this plan and no other. */
  readonly planDigest: string;
  readonly message: string;
  readonly requestedBy: string;
  readonly requestedAtMs: number;
  /** Moved once, when the question passes to {@link ApprovalGrants.thenAsk}. */
  readonly deadlineMs: number;
  /** So many different people have to say yes; one no is enough. */
  readonly count: number;
  readonly grants: ApprovalGrants;
  /** When the second group was asked; null while it was not. */
  readonly passedAtMs: number | null;
  /** Null unless its kind is `failed_step`. */
  readonly failedStep: FailedStep | null;
  /** `void`: the run ended, or was to be ended, before it was decided. */
  readonly state: ApprovalState;
  /** Whose word ended it; null where nobody's did. */
  readonly decidedBy: string | null;
  readonly decidedAtMs: number | null;
  readonly comment: string | null;
}

/** What one person said; each says one thing. */
export interface Vote {
  readonly approvalId: string;
  readonly principal: string;
  readonly answer: Answer;
  readonly atMs: number;
  readonly comment: string | null;
}
