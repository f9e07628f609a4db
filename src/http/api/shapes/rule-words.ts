import { formatDurationMs as durationText } from "../../../platform/durations.ts";
import type { Rule, RuleGuards, Rung, With } from "../../../rules/rule.ts";

// What a rule says, in sentences for people; the file says it exactly.

/** What else than its matchers has to be so, and how far its match goes. */
export function conditionsInWords(rule: Rule): string[] {
  const { afterMs, whenCount, groupBy, batch } = rule;
  return [
    ...(rule.source === null ? [] : [`only alerts of source ${rule.source}`]),
    ...(rule.meta ? ["also alerts about the alerting itself"] : []),
    ...(afterMs === 0 ? [] : [`once it fires for ${durationText(afterMs)}`]),
    ...(whenCount === null
      ? []
      : [`once ${whenCount.min} alerts of the group opened within ${durationText(whenCount.withinMs)}`]),
    ...(groupBy === null ? [] : [`one run for all alerts with the same ${groupBy.join(", ")}`]),
    ...(batch.waitMs === 0
      ? []
      : [`waits ${durationText(batch.waitMs)} for more alerts of the group, up to ${batch.max}`]),
    ...(rule.continue && rule.mode !== "observe" ? ["later rules are tried as well"] : []),
  ];
}

/** Each of its guards; those of its runbook hold as well. */
export function guardsInWords(guards: RuleGuards): string[] {
  const { cooldownMs, breaker, rateLimit, concurrency, budget, locks, active, mute } = guards;
  const limits = concurrency !== null || locks.length > 0 || guards.onBusy !== "queue";
  return [
    ...(cooldownMs === null ? [] : [`cooldown: ${durationText(cooldownMs)} after a run for the same group`]),
    ...(rateLimit === null
      ? []
      : [`rate limit: ${rateLimit.max} starts in ${durationText(rateLimit.perMs)}`]),
    ...(breaker === null
      ? []
      : [
          `breaker: opens after ${breaker.failures} runs within ${durationText(breaker.withinMs)} that failed or had no effect, for ${durationText(breaker.resetAfterMs)}`,
        ]),
    ...(concurrency === null ? [] : [`concurrency: ${concurrency} at once`]),
    ...(locks.length === 0 ? [] : [`locks: ${locks.join(", ")}`]),
    ...(budget === null
      ? []
      : [
          `budget: ${budget.max.amount}${budget.max.unit === "percent" ? " %" : ""} of the hosts ${budget.selector} within ${durationText(budget.withinMs)}`,
        ]),
    ...(active.length === 0 ? [] : [`active: only during ${active.join(", ")}`]),
    ...(mute.length === 0 ? [] : [`muted: during ${mute.join(", ")}`]),
    ...(limits
      ? [
          guards.onBusy === "queue"
            ? `waits up to ${durationText(guards.waitMs)} for what is taken`
            : "is refused when something is taken",
        ]
      : []),
  ];
}

/** What is done after its run, and when the alert ends. */
export function followingInWords({ verify, ladder, onResolve, silenceForMs }: Rule): string[] {
  const { resolvedWithinMs, stableForMs, check } = verify;
  const stable = `stays so for ${durationText(stableForMs)}`;
  return [
    check === null
      ? `fixed when the alert resolves within ${durationText(resolvedWithinMs)} and ${stable}`
      : `judged after ${durationText(resolvedWithinMs)} by ${check.query}: ${check.expect.source}`,
    ...ladder.map((rung, index) => `${index + 1}. if it still fires: ${rungInWords(rung)}`),
    ON_RESOLVE[onResolve.kind] ??
      `when the alert ends, ${onResolve.kind === "run" ? onResolve.runbook : ""} runs`,
    ...(silenceForMs === null
      ? []
      : [`the alert is silenced during a run, for ${durationText(silenceForMs)} at most`]),
  ];
}

const ON_RESOLVE: Readonly<Record<string, string>> = {
  cancel_pending: "when the alert ends, a run that has not begun is cancelled",
  let_finish: "when the alert ends, its run goes on",
  cancel: "when the alert ends, its run is cancelled after the step under way",
};

function rungInWords(rung: Rung): string {
  if (rung.kind === "tell") return `${rung.to} is told`;
  return rung.mode === null ? `${rung.runbook} runs` : `${rung.runbook} runs (${rung.mode})`;
}

/** The values of the runbook's inputs, as the rule's file has them. */
export function withAsWritten(values: With): Record<string, string> {
  const texts = [...values].map(([name, value]) => [
    name,
    typeof value === "object" ? value.source : String(value),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
}
