import type { Alert } from "../alerts/alert.ts";
import { type Expression, ExpressionError } from "../expressions/cel.ts";
import { conjunctsOf, type ReadValue, readValues } from "../expressions/conjuncts.ts";
import { formatMatcher } from "../expressions/matchers.ts";
import { Re2Error } from "../expressions/re2.ts";
import type { MatchIndex } from "./match-index.ts";
import type { Mode, Rule } from "./rule.ts";
import { type AlertFacts, ALERT_SCOPE, alertVariables } from "./scope.ts";

/** Why a rule says what it says of an alert. */
export type Because =
  /** Everything of the rule fits. */
  | { readonly kind: "all" }
  /** The alert came by another source. */
  | { readonly kind: "source"; readonly wanted: string; readonly seen: string }
  /** A test alert, or one about the alerting itself; only rules with `meta: true` take those. */
  | { readonly kind: "meta"; readonly nature: Alert["nature"] }
  /** `seen` is null when the alert has no such label. */
  | {
      readonly kind: "matcher";
      readonly matcher: string;
      readonly label: string;
      readonly seen: string | null;
    }
  /** The first part of `if` that is false, or all of it. */
  | { readonly kind: "if"; readonly expression: string; readonly values: readonly ReadValue[] }
  /** Too few alerts of the group opened so far. */
  | { readonly kind: "when_count"; readonly min: number; readonly withinMs: number }
  /** An earlier rule took the alert. */
  | { readonly kind: "taken"; readonly rule: string }
  | { readonly kind: "missing_label" | "expression_error"; readonly message: string };

/** What one rule says of an alert. `cannot_judge` is no match: matching goes on, and a decision `refused` is recorded. */
export interface RuleExplanation {
  readonly rule: string;
  readonly mode: Mode;
  readonly verdict: "matches" | "no" | "not_tried" | "cannot_judge";
  readonly because: Because;
}

/**
 * What each rule says of the alert, in the order in which they are tried. Agrees with `matchAlert`: `matches` and
 * `cannot_judge` stand exactly for what that gives. Never throws for what an alert has in it.
 */
export function explainMatch(
  index: Pick<MatchIndex, "rules">,
  facts: AlertFacts,
  isCountReached: (rule: Rule) => boolean = () => true,
): RuleExplanation[] {
  let takenBy: string | null = null;
  return index.rules.map((rule) => {
    const { name, mode } = rule;
    if (takenBy !== null)
      return { rule: name, mode, verdict: "not_tried", because: { kind: "taken", rule: takenBy } };
    const because = judge(rule, facts, isCountReached);
    if (because.kind === "all" && mode !== "observe" && !rule.continue) takenBy = name;
    return { rule: name, mode, verdict: verdictOf(because), because };
  });
}

function verdictOf(because: Because): RuleExplanation["verdict"] {
  switch (because.kind) {
    case "all":
      return "matches";
    case "missing_label":
    case "expression_error":
      return "cannot_judge";
    case "taken":
      return "not_tried";
    case "source":
    case "meta":
    case "matcher":
    case "if":
    case "when_count":
      return "no";
  }
}

function judge(rule: Rule, facts: AlertFacts, isCountReached: (rule: Rule) => boolean): Because {
  const { alert, source } = facts;
  if (rule.source !== null && rule.source !== source)
    return { kind: "source", wanted: rule.source, seen: source };
  if (alert.nature !== "plain" && !rule.meta) return { kind: "meta", nature: alert.nature };
  try {
    const unfit = rule.matchers.find((matcher) => !matcher.matches(alert.labels.get(matcher.name) ?? ""));
    if (unfit !== undefined) {
      const seen = alert.labels.get(unfit.name) ?? null;
      return { kind: "matcher", matcher: formatMatcher(unfit), label: unfit.name, seen };
    }
    const unmet = rule.if === null ? null : judgeCondition(rule.if, alertVariables(rule, facts));
    if (unmet !== null) return unmet;
  } catch (error) {
    if (!(error instanceof ExpressionError || error instanceof Re2Error)) throw error;
    const isMissing = error instanceof ExpressionError && error.code === "missing";
    return { kind: isMissing ? "missing_label" : "expression_error", message: error.message };
  }
  if (rule.whenCount !== null && !isCountReached(rule)) return { kind: "when_count", ...rule.whenCount };
  return { kind: "all" };
}

/** Null when it holds. Throws ExpressionError when it cannot be judged. */
function judgeCondition(condition: Expression, variables: Readonly<Record<string, unknown>>): Because | null {
  if (condition.evaluate(variables) === true) return null;
  const unmet = conjunctsOf(condition, ALERT_SCOPE).find((part) => isFalse(part, variables)) ?? condition;
  return { kind: "if", expression: unmet.source, values: readValues(unmet.references, variables) };
}

/** A part that fails by itself is not what made the whole false. */
function isFalse(part: Expression, variables: Readonly<Record<string, unknown>>): boolean {
  try {
    return part.evaluate(variables) === false;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}
