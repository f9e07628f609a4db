import { z } from "zod";
import type { Catalog } from "../../catalog/catalog.ts";
import type { Explanation } from "../../engine/explain.ts";
import type { GuardResult } from "../../engine/guards.ts";
import { formatDurationMs } from "../../platform/durations.ts";
import { hostOf } from "../../runbooks/plan.ts";
import { VERBS } from "../../runbooks/runbook.ts";
import { MODES } from "../../rules/rule.ts";
import type { Because, RuleExplanation } from "../../rules/explain.ts";
import type { NewRun } from "../../store/new-runs.ts";
import { rfc3339 } from "../times.ts";
import { anythingSchema, countSchema, type Shape, textsSchema, timeSchema } from "./shapes/common.ts";
import { decisionKindSchema, effectSchema, reasonSchema, runStateSchema } from "./shapes/words.ts";

export const guardSchema = z
  .object({
    guard: reasonSchema,
    verdict: z.enum(["passes", "queues", "delays", "refuses"]),
    text: z.string(),
    retry_at: timeSchema.nullable(),
  })
  .meta({ id: "GuardVerdict" });

const becauseSchema = z.object({
  because: z.string(),
  because_kind: z.enum([
    "all",
    "source",
    "meta",
    "matcher",
    "if",
    "when_count",
    "taken",
    "missing_label",
    "expression_error",
  ]),
  values: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
});

const plannedSchema = z.object({
  rule: z.string().nullable(),
  runbook: z.string(),
  status: runStateSchema,
  rung: z.int(),
  inputs: anythingSchema,
  hosts: z.array(z.string()),
  plan_digest: z.string(),
  steps: z.array(
    z.object({ id: z.string(), verb: z.enum(VERBS), effect: effectSchema, host: z.string().nullable() }),
  ),
});

export const explanationSchema = z
  .object({
    at: timeSchema,
    alert: z.object({
      source: z.string(),
      fingerprint: z.string(),
      labels: textsSchema,
      annotations: textsSchema,
    }),
    rules: z.array(
      becauseSchema.extend({
        position: countSchema,
        rule: z.string(),
        mode: z.enum(MODES),
        verdict: z.enum(["matches", "no", "not_tried", "cannot_judge"]),
        guards: z.array(guardSchema),
      }),
    ),
    decisions: z.array(
      z.object({
        kind: decisionKindSchema,
        rule: z.string().nullable(),
        reason: reasonSchema.nullable(),
        detail: anythingSchema,
      }),
    ),
    runs: z.array(plannedSchema),
  })
  .meta({ id: "Explanation" });

/** One explained alert as the API shows it. */
export function explanationShape(
  explanation: Explanation,
  catalog: Catalog,
): Shape<typeof explanationSchema> {
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
export function guardShape({ guard, verdict, saw }: GuardResult): Shape<typeof guardSchema> {
  return {
    guard,
    verdict: verdict.kind,
    text: verdict.kind === "passes" ? saw : verdict.text,
    retry_at: verdict.kind === "delays" ? rfc3339(verdict.retryAtMs) : null,
  };
}

/** Why, as one sentence and as its parts. */
function becauseShape({ because }: RuleExplanation): Shape<typeof becauseSchema> {
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

function plannedShape(run: NewRun, catalog: Catalog): Shape<typeof plannedSchema> {
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
