import type { Alert, Labels } from "../alerts/alert.ts";
import type { ObjectType, Scope } from "../expressions/cel.ts";
import type { Rule } from "./rule.ts";

/** One alert and what is known around it when rules are judged. */
export interface AlertFacts {
  readonly alert: Alert;
  /** The name of the source it came by. */
  readonly source: string;
  readonly receiver: string | null;
  /** The sender left alerts out of this delivery. */
  readonly isTruncated: boolean;
  readonly episode: {
    /** When we first heard of it; now, for one that opens with this alert. */
    readonly openedAtMs: number;
    /** How often it was seen again since. */
    readonly repeats: number;
  };
  readonly nowMs: number;
  /** The alerts of the group that one start is for, in the order in which they came; without it only this alert. */
  readonly members?: readonly AlertFacts[];
}

const ALERT: ObjectType = {
  fields: {
    status: "string",
    labels: "map<string, string>",
    annotations: "map<string, string>",
    values: "map<string, double>",
    starts_at: "timestamp",
    fingerprint: "string",
    generator_url: "string",
    source: "string",
    receiver: "string",
    truncated: "bool",
  },
};

/** What `if` and `with` of a rule may use. */
export const ALERT_SCOPE: Scope = {
  alert: ALERT,
  group: { fields: { labels: "map<string, string>", alerts: { items: ALERT } } },
  episode: { fields: { opened_at: "timestamp", repeats: "int" } },
  now: "timestamp",
};

/** What the title and text of a telling rung may use: also the newest run of the climb. */
export const TELL_SCOPE: Scope = { ...ALERT_SCOPE, run: { fields: { id: "string", url: "string" } } };

/** What `verify.check.expect` and `verify.worse` may use. */
export const CHECK_SCOPE: Scope = { value: "double" };

/** The variables of {@link ALERT_SCOPE} for one rule and alert. */
export function alertVariables(rule: Rule, facts: AlertFacts): Readonly<Record<string, unknown>> {
  const { alert, episode, members } = facts;
  const own = alertFields(facts);
  return {
    alert: own,
    group: {
      labels: groupLabels(rule, alert.labels),
      alerts: members === undefined ? [own] : members.map(alertFields),
    },
    episode: { opened_at: new Date(episode.openedAtMs), repeats: episode.repeats },
    now: new Date(facts.nowMs),
  };
}

/** The variables of {@link TELL_SCOPE}. */
export function tellVariables(
  rule: Rule,
  facts: AlertFacts,
  run: { readonly id: string; readonly url: string },
): Readonly<Record<string, unknown>> {
  return { ...alertVariables(rule, facts), run };
}

function alertFields({ alert, source, receiver, isTruncated }: AlertFacts): Record<string, unknown> {
  return {
    status: alert.status,
    labels: alert.labels,
    annotations: alert.annotations,
    values: alert.values ?? new Map(),
    starts_at: alert.startsAt,
    fingerprint: alert.fingerprint,
    generator_url: alert.generatorUrl,
    source,
    receiver,
    truncated: isTruncated,
  };
}

/** The labels that all alerts of the group share: those of `group_by` that the alert has, or all without it. */
export function groupLabels(rule: Rule, labels: Labels): Labels {
  if (rule.groupBy === null) return labels;
  return new Map(
    rule.groupBy.flatMap((name) => {
      const value = labels.get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/**
 * What tells the groups of one rule apart: the values of `group_by`, where a missing label is the empty string as in
 * Alertmanager, or without it the alert's identity.
 */
export function groupValues(rule: Rule, source: string, alert: Alert): readonly string[] {
  if (rule.groupBy === null) return [source, alert.orgId ?? "", alert.fingerprint];
  return rule.groupBy.map((name) => alert.labels.get(name) ?? "");
}
