/**
 * Why an alert did not start a run. The same word is the API's field, the metric's label, the log's field and what a rule
 * test expects. When several guards refuse, the first of this list is the reason and all of them are stored.
 */
export const REASONS = [
  "paused",
  "automation_off",
  "inactive",
  "muted",
  "loop",
  "breaker",
  "cooldown",
  "rate_limit",
  "budget",
  "per_user",
  "concurrency",
  "lock",
  "assert",
  "after",
  "batch",
  "plan_failed",
  "missing_label",
  "expired",
  "silenced",
  "ladder_ended",
  "queue_full",
  "test_alert",
  "meta_alert",
  "invalid_alert",
  "resolved_without_firing",
  "late",
] as const;
export type Reason = (typeof REASONS)[number];

/** What was done with one alert. */
export const DECISION_KINDS = [
  "started",
  "waiting_person",
  "queued",
  "joined",
  "observed",
  "refused",
  "delayed",
  "no_match",
  "repeat",
  "closed",
  "ignored",
] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];
