import type { Decision } from "../api/types.ts";

// What was decided, in words.

type Reason = NonNullable<Decision["reason"]>;
type Said = Pick<Decision, "kind" | "rule" | "reason">;

/** `started restart-web`, `refused: cooldown`, `no rule matched`: what was done about an alert, at a glance. */
export function decisionText({ kind, rule, reason }: Said, runbook: string | null = null): string {
  const what = runbook ?? (rule === null ? "a run" : `a run of rule ${rule}`);
  switch (kind) {
    case "started":
      return `started ${what}`;
    case "queued":
      return `queued ${what}`;
    case "waiting_person":
      return `asked people about ${what}`;
    case "joined":
      return `joined ${what}`;
    case "observed":
      return reason === null
        ? `observed by ${rule ?? "a rule"}`
        : `observed by ${rule ?? "a rule"}; held back: ${reasonWord(reason)}`;
    case "refused":
    case "delayed":
    case "ignored":
      return reason === null ? kind : `${kind}: ${reasonWord(reason)}`;
    case "no_match":
      return "no rule matched";
    case "repeat":
      return "repeated";
    case "closed":
      return "ended";
  }
}

/** The status whose sign and tone a kind has. */
export function statusOfDecision(kind: Decision["kind"]): string {
  switch (kind) {
    case "started":
    case "joined":
      return "running";
    case "queued":
    case "waiting_person":
      return kind;
    case "refused":
      return "rejected";
    case "delayed":
      return "expired";
    case "observed":
      return "read";
    case "no_match":
      return "unknown";
    case "ignored":
    case "repeat":
    case "closed":
      return "cancelled";
  }
}

const GUARDS: Readonly<Partial<Record<Reason, string>>> = {
  paused: "pauses",
  automation_off: "automation of the hosts",
  inactive: "active times",
  muted: "muted times",
  per_user: "limit of a person",
  assert: "asserts",
  queue_full: "queue",
};

/** What a guard looks at: it has the name of the reason that it gives. */
export function guardWord(guard: Reason): string {
  return GUARDS[guard] ?? reasonWord(guard);
}

export function reasonWord(reason: string): string {
  return reason.replaceAll("_", " ");
}

const CHANGES: Readonly<Record<Reason, string>> = {
  paused: "It goes on when the pause ends, or somebody ends it.",
  automation_off: "Automation is off for the host in the inventory; switch it on there, or release the hold.",
  inactive: "It goes on in the rule's active times.",
  muted: "It goes on after the muted time.",
  loop: "A run of the rule came before this alert on the same host. Look at what it did before it acts again.",
  breaker: "Repair what makes its runs fail, then reset the breaker at the rule.",
  cooldown: "It goes on when the cooldown after the last run for the same group is over.",
  rate_limit: "It goes on when fewer starts lie in the window of the rate limit.",
  budget: "It goes on when fewer hosts were changed in the window of the budget.",
  per_user: "It goes on when this person has started less in the window.",
  concurrency: "It goes on when a run that is under way ends.",
  lock: "It goes on when the run that has the lock ends.",
  assert: "What the runbook asserts has to be true.",
  after: "It goes on when the alert has fired long enough.",
  batch: "It goes on when the time to collect alerts is over, or the batch is full.",
  plan_failed: "Correct the rule's values, or the inventory; then replay the alert.",
  missing_label: "The alert has to have the label, or the rule has to do without it.",
  expired: "It waited too long. Replay the alert to try again.",
  silenced: "It goes on when the silence at the source ends.",
  ladder_ended: "All rungs were tried. A person has to look.",
  queue_full: "It goes on when fewer runs wait.",
  test_alert: "Tests of a source start nothing.",
  meta_alert: "A rule has to say meta: true to act on it.",
  invalid_alert: "The source has to send an alert that can be read.",
  resolved_without_firing: "That it fired was never received.",
  late: "A newer word on the alert was there already.",
};

/** What has to change for it to go on. */
export function whatWouldChange(reason: Decision["reason"]): string | null {
  return reason === null ? null : CHANGES[reason];
}
