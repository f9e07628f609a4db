import type { Catalog } from "../../catalog/catalog.ts";
import type { Explanation } from "../../engine/explain.ts";
import type { GuardResult } from "../../engine/guards.ts";
import { formatDurationMs } from "../../platform/durations.ts";
import { hostOf } from "../../runbooks/plan.ts";
import type { Because, RuleExplanation } from "../../rules/explain.ts";
import type { NewRun } from "../../store/new-runs.ts";
import { rfc3339 } from "../times.ts";

/** One explained alert as the API shows it. */
export function explanationShape(explanation: Explanation, catalog: Catalog): Record<string, unknown> {
  const { episode, rules, guards, decisions, runs } = explanation;
  return {
    at: rfc3339(explanation.atMs),
    alert: {
      source: episode.source,
      fingerprint: episode.fingerprint,
      labels: Object.fromEntries(episode.labels),
      annotations: Object.fromEntries(episode.annotations),
    },
    rules: rules.map((rule, index) => ({
      position: index + 1,
      rule: rule.rule,
      mode: rule.mode,
      verdict: rule.verdict,
      ...becauseShape(rule),
      guards: (guards.get(rule.rule) ?? []).map(guardShape),
    })),
    decisions: decisions.map(({ kind, rule, reason, detail }) => ({ kind, rule, reason, detail })),
    runs: runs.map((run) => plannedShape(run, catalog)),
  };
}

/** What one guard said, with what it saw where it lets the start pass. */
export function guardShape({ guard, verdict, saw }: GuardResult): Record<string, unknown> {
  return {
    guard,
    verdict: verdict.kind,
    text: verdict.kind === "passes" ? saw : verdict.text,
    retry_at: verdict.kind === "delays" ? rfc3339(verdict.retryAtMs) : null,
  };
}

/** Why, as one sentence and as its parts. */
function becauseShape({ because }: RuleExplanation): Record<string, unknown> {
  const values = because.kind === "if" ? because.values : [];
  return { because: becauseText(because), because_kind: because.kind, values };
}

function becauseText(because: Because): string {
  switch (because.kind) {
    case "all":
      return "everything of the rule fits";
    case "source":
      return `it is for source ${because.wanted}, and the alert came by ${because.seen}`;
    case "meta":
      return `the alert is ${because.nature === "test" ? "a test" : "about the alerting itself"}, and the rule does not say meta: true`;
    case "matcher":
      return because.seen === null
        ? `${because.matcher} does not fit: the alert has no label ${because.label}`
        : `${because.matcher} does not fit: the alert has ${because.label}=${JSON.stringify(because.seen)}`;
    case "if": {
      const seen = because.values.map(({ name, value }) => `${name} is ${value ?? "not there"}`);
      return `if: ${because.expression} is false${seen.length === 0 ? "" : `: ${seen.join(", ")}`}`;
    }
    case "when_count":
      return `when_count: fewer than ${because.min} alerts of the group opened within ${formatDurationMs(because.withinMs)}`;
    case "taken":
      return `rule ${because.rule} takes the alert, so later rules are not tried`;
    case "missing_label":
    case "expression_error":
      return because.message;
  }
}

function plannedShape(run: NewRun, catalog: Catalog): Record<string, unknown> {
  const steps = catalog.runbooks.get(run.runbook)?.steps ?? [];
  return {
    rule: run.trigger.rule,
    runbook: run.runbook,
    status: run.state,
    rung: run.rung,
    inputs: run.plan.inputs,
    hosts: run.plan.hosts.map((host) => host.name),
    plan_digest: run.planDigest,
    steps: steps.map((step) => ({
      id: step.id,
      verb: step.verb,
      effect: step.effect,
      host: hostOf(run.plan, step.id)?.name ?? null,
    })),
  };
}
