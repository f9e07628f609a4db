import type { InventoryHost } from "../hosts/host.ts";
import { bindWith } from "../rules/bind.ts";
import type { Mode, Rule, With } from "../rules/rule.ts";
import { type AlertFacts, alertVariables, groupValues } from "../rules/scope.ts";
import { makePlan, type Plan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import type { Cause } from "../runs/records.ts";
import type { Batch } from "./batch.ts";
import { calledRunbooks, changedInventoryHosts } from "./candidate.ts";

/** What one rule came to for one alert, before it is stored as a decision. */
export interface RuleDecision {
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
  readonly runId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What a rule asks for: its own runbook, or that of a rung of its ladder. */
export interface Wanted {
  readonly runbook: string;
  readonly with: With;
  readonly mode: Mode;
  readonly rung: number;
}

/** A start that nothing speaks against yet: the rule, the runbook, and the plan for this alert. */
export interface Start {
  readonly rule: Rule;
  readonly mode: Mode;
  readonly rung: number;
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly planDigest: string;
  /** The runbooks that its steps call. */
  readonly called: readonly Runbook[];
  /** The hosts that its steps change. */
  readonly changed: readonly InventoryHost[];
  readonly groupKey: string;
  /** Why it runs, for people. */
  readonly cause: Cause;
}

/** What the rule's own runbook is started with. */
export function wantedBy(rule: Rule): Wanted {
  return { runbook: rule.runbook ?? "", with: rule.with, mode: rule.mode, rung: 0 };
}

/** Binds and plans what is asked for, or says what keeps it from running. */
export function planStart(batch: Batch, rule: Rule, facts: AlertFacts, wanted: Wanted): Start | RuleDecision {
  const refuse = (reason: Reason, detail: Record<string, unknown>): RuleDecision => ({
    kind: wanted.mode === "observe" ? "observed" : "refused",
    rule: rule.name,
    reason,
    runId: null,
    detail,
  });
  const runbook = batch.catalog.runbooks.get(wanted.runbook);
  if (runbook === undefined) return refuse("plan_failed", { text: `there is no runbook ${wanted.runbook}` });
  const bound = bindWith(wanted, alertVariables(rule, facts));
  if (!bound.ok) {
    return refuse(bound.reason === "missing_label" ? "missing_label" : "plan_failed", {
      text: bound.message,
      input: bound.input,
    });
  }
  const planning = makePlan(runbook, bound.inputs, batch.catalog);
  if (!planning.ok)
    return refuse("plan_failed", {
      text: planning.errors.map((error) => error.message).join("; "),
      errors: planning.errors,
    });
  return {
    rule,
    mode: wanted.mode,
    rung: wanted.rung,
    runbook,
    plan: planning.plan,
    planDigest: planning.digest,
    called: calledRunbooks(batch.catalog.runbooks, planning.plan),
    changed: changedInventoryHosts(batch.catalog.inventory, planning.plan),
    groupKey: groupKeyOf(rule, facts),
    cause: causeOf(batch, facts),
  };
}

/** What tells the groups of one rule apart, as one text. */
export function groupKeyOf(rule: Rule, facts: AlertFacts): string {
  return JSON.stringify(groupValues(rule, facts.source, facts.alert));
}

function causeOf(batch: Batch, facts: AlertFacts): Cause {
  const { alert } = facts;
  const name = alert.labels.get("alertname") ?? alert.fingerprint;
  const summary = alert.annotations.get("summary");
  const title = summary === undefined ? name : `${name}: ${summary}`;
  return {
    title,
    url: `${batch.dependencies.externalUrl}/a/${alert.fingerprint}`,
    startedAtMs: alert.startsAtMs,
  };
}
