import type { AlertNature, Labels } from "../alerts/alert.ts";
import type { Effect, Verb } from "../runbooks/runbook.ts";
import type { Plan } from "../runbooks/plan.ts";
import type { DecisionKind, Reason } from "./reasons.ts";
import type { Outcome, RunState, StepState } from "./states.ts";

// What the database keeps, as the rest of the program sees it. All times are milliseconds since 1970, by the database's clock
// where other nodes compare them.

export const EPISODE_STATES = ["firing", "resolved", "ended", "stale"] as const;
export type EpisodeState = (typeof EPISODE_STATES)[number];

export interface Episode {
  readonly id: string;
  /** (source, organisation, fingerprint) as one key; at most one episode of an identity is firing. */
  readonly identity: string;
  readonly source: string;
  readonly fingerprint: string;
  readonly state: EpisodeState;
  readonly nature: AlertNature;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** What else rules may ask of the alert, as last delivered. */
  readonly context: EpisodeContext;
  readonly startsAtMs: number;
  readonly startsAt: string;
  readonly generatorUrl: string | null;
  /** When we first received it. */
  readonly openedAtMs: number;
  /** The sender's end; null while firing. */
  readonly endsAtMs: number | null;
  /** When we learned of its end; null while firing. */
  readonly closedAtMs: number | null;
  /** When a delivery last said it fires. */
  readonly lastFiringAtMs: number;
  readonly repeats: number;
  readonly deliveryId: string;
  readonly outcome: Outcome | null;
}

export interface EpisodeContext {
  readonly values: ReadonlyMap<string, number> | null;
  readonly receiver: string | null;
  readonly truncatedAlerts: number;
}

export interface Decision {
  readonly id: string;
  readonly deliveryId: string | null;
  readonly episodeId: string | null;
  readonly atMs: number;
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
  readonly runId: string | null;
  /** What a person needs to understand it: the failing sub-expression, the missing label, the time of the next try. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly catalogDigest: string;
}

export const TRIGGER_KINDS = ["alert", "person", "schedule", "api", "assistant"] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

export interface Trigger {
  readonly kind: TriggerKind;
  readonly rule: string | null;
  readonly episodeId: string | null;
  readonly principal: string;
}

/** What a runbook may know of why it runs. */
export interface Cause {
  readonly title: string;
  readonly url: string;
  readonly startedAtMs: number;
}

export interface StoredVerification {
  readonly resolvedWithinMs: number;
  readonly stableForMs: number;
  readonly check: { readonly query: string; readonly expect: string; readonly worse: string | null } | null;
}

/** What becomes of a run when its alert ends; frozen with the run, whatever the rule says later. */
export type StoredOnResolve =
  | { readonly kind: "cancel_pending" | "let_finish" | "cancel" }
  | { readonly kind: "run"; readonly runbook: string };

/** The rung of the run that `on_resolve: {run: ...}` starts: it is none of a ladder, and nothing counts or verifies it. */
export const FOLLOW_UP_RUNG = -1;

export function isFollowUp({ rung }: Pick<Run, "rung">): boolean {
  return rung === FOLLOW_UP_RUNG;
}

/** What a rule that says nothing has. */
export const ON_RESOLVE_DEFAULT: StoredOnResolve = { kind: "cancel_pending" };

export interface Run {
  readonly id: string;
  readonly runbook: string;
  readonly runbookDigest: string;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly state: RunState;
  readonly outcome: Outcome | null;
  /** One sentence on how the outcome was found out; null while there is none. */
  readonly outcomeBecause: string | null;
  readonly trigger: Trigger;
  readonly groupId: string | null;
  /** The values of the rule's `group_by`, or of the alert's identity: what ladders and guards count by. Null for a person's run. */
  readonly groupKey: string | null;
  /** 0: the rule's own runbook; 1 and above: the rung of its ladder; {@link FOLLOW_UP_RUNG}: what follows its alert's end. */
  readonly rung: number;
  readonly onResolve: StoredOnResolve;
  /** It changes nothing: its reading steps run, the others say what they would do. No guard, statistic or rule counts it. */
  readonly isDryRun: boolean;
  readonly cause: Cause;
  readonly verification: StoredVerification | null;
  /** Why a queued run is not started yet, although a slot may be free; null when nothing holds it. */
  readonly heldReason: Reason | null;
  readonly heldUntilMs: number | null;
  /** Since when it waits for its start: its making, or a person's yes. */
  readonly queuedAtMs: number;
  readonly owner: string | null;
  readonly fence: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  /** How long it has waited for people since it began; outside of its timeout. */
  readonly waitedMs: number;
  readonly finishedAtMs: number | null;
  /** When the first change step that succeeded began, and when the last change step ended; null when none did. */
  readonly changeStartedAtMs: number | null;
  readonly changeEndedAtMs: number | null;
  readonly failedStep: string | null;
  /** One sentence for people on why it ended as it did; null when it succeeded. */
  readonly message: string | null;
  readonly summary: string | null;
  /** What its runbook gave back. */
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly catalogDigest: string;
  readonly cancelRequestedAtMs: number | null;
  /** The end of its alerts asked for it, and spares a step that is critical; null: a person did, or nobody. */
  readonly cancelBecause: "alert_ended" | null;
}

export const SECTIONS = ["steps", "on_failure", "finally"] as const;
export type Section = (typeof SECTIONS)[number];

/** What later expressions read of a step; kept so that a run can go on after a restart. */
export interface StepFacts {
  readonly stdout: string;
  readonly json: unknown;
  readonly value: unknown;
  readonly response: unknown;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface StepRecord {
  readonly runId: string;
  readonly id: string;
  readonly section: Section;
  readonly position: number;
  readonly verb: Verb;
  readonly effect: Effect;
  readonly host: string | null;
  readonly state: StepState;
  readonly attempts: number;
  readonly exitCode: number | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly message: string | null;
  readonly facts: StepFacts | null;
  /** While it waits (a `wait` step, or between two attempts): until when. */
  readonly waitUntilMs: number | null;
}

/** One try of a step: an intent before its side effect, an outcome after it. Without an outcome it was cut off. */
export interface Attempt {
  readonly runId: string;
  readonly stepId: string;
  readonly number: number;
  readonly intentAtMs: number;
  readonly finishedAtMs: number | null;
  readonly status: StepState | null;
  readonly exitCode: number | null;
  readonly message: string | null;
}

export const TIMER_KINDS = [
  "judge",
  "rejudge",
  "batch",
  "ladder",
  "verify",
  "reconcile",
  "approval",
  "follow_up",
  "rollup",
  "retention",
  "schedule",
] as const;
export type TimerKind = (typeof TIMER_KINDS)[number];

/** Everything that waits is such a row, so that a wait survives a restart. One for each (kind, subject). */
export interface Timer {
  readonly id: string;
  readonly kind: TimerKind;
  readonly subject: string;
  readonly dueAtMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What is to be done once a run has reached a state, retried until it is done; never changes the run's result. */
export interface OutboxItem {
  readonly id: string;
  /** Of the episode, for a notice about an alert that is about no run. */
  readonly runId: string;
  /** `bundle`: target is the revision. `notify`: `event:notifier`. `silence`, `unsilence`: the source, or `source/step`. */
  readonly action: "bundle" | "notify" | "silence" | "unsilence";
  readonly target: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly dueAtMs: number;
  readonly attempts: number;
  /** Of a notice. */
  readonly lane: NoticeLane | null;
}

/** Who gets a notice, and what it is part of. Those of one lane are sent in their order: an end never before its beginning. */
export interface NoticeLane {
  readonly notifier: string;
  /** Of an alert, of a group of alerts, or of a run that is for none: see {@link noticeThreadOf}. */
  readonly thread: string;
}

/** What the notices about a run are put under, whichever of the runs for the same alert or group it is. */
export function noticeThreadOf(run: Pick<Run, "id" | "groupId" | "trigger">): string {
  return run.groupId ?? run.trigger.episodeId ?? run.id;
}

export interface Artifact {
  readonly runId: string;
  readonly path: string;
  readonly stepId: string | null;
  readonly host: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly contentType: string;
  readonly isTruncated: boolean;
  readonly isChanged: boolean;
  /** How often something secret was replaced; null where nothing looked (a binary file), or where the count was lost in a crash. */
  readonly redactions: number | null;
  /** Only for who may see such files; left out of bundles unless asked for. */
  readonly isSensitive: boolean;
}

/** How long a run and its evidence are kept, where that is not a matter of age alone. */
export interface RunKeeping {
  /** Null unless it is pinned. */
  readonly pinnedAtMs: number | null;
  readonly pinnedBy: string | null;
  /** When its files and bundles were removed; null while they are kept. */
  readonly evidenceRemovedAtMs: number | null;
  readonly evidenceRemovedBecause: EvidenceRemoval | null;
}

/** Its evidence was older than the settings keep it, or the archive was over its limit. */
export type EvidenceRemoval = "age" | "archive_full";

export interface BundleRecord {
  readonly runId: string;
  readonly revision: number;
  readonly fileName: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly sealedAtMs: number;
}
