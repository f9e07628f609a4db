import { ExpressionError } from "../expressions/cel.ts";
import { selectorMatches } from "../expressions/matchers.ts";
import { Re2Error } from "../expressions/re2.ts";
import type { MatchIndex } from "./match-index.ts";
import type { Rule } from "./rule.ts";
import { type AlertFacts, alertVariables } from "./scope.ts";

export type MatchResult =
  | { readonly kind: "matched"; readonly rule: Rule }
  /** The rule could not be judged, so it did not match, and matching went on. */
  | {
      readonly kind: "refused";
      readonly rule: Rule;
      readonly reason: "missing_label" | "expression_error";
      readonly message: string;
    };

/**
 * Tries the rules in order. The first that matches ends it, unless it says `continue` or only observes. Alerts about
 * alerting and test alerts reach only rules with `meta: true`. A rule with `when_count` matches only where `isCountReached`
 * says so; it is asked when everything else of the rule fits. Never throws for what an alert has in it.
 */
export function matchAlert(
  index: MatchIndex,
  facts: AlertFacts,
  isCountReached: (rule: Rule) => boolean = () => true,
): MatchResult[] {
  const results: MatchResult[] = [];
  for (const position of index.candidates(facts.alert.labels)) {
    const rule = index.rules[position];
    if (rule === undefined) continue;
    const result = judge(rule, facts);
    if (result === undefined) continue;
    if (result.kind === "matched" && rule.whenCount !== null && !isCountReached(rule)) continue;
    results.push(result);
    if (result.kind === "matched" && rule.mode !== "observe" && !rule.continue) break;
  }
  return results;
}

/** Undefined when the rule does not match. */
function judge(rule: Rule, facts: AlertFacts): MatchResult | undefined {
  if (rule.source !== null && rule.source !== facts.source) return undefined;
  if (facts.alert.nature !== "plain" && !rule.meta) return undefined;
  try {
    if (!selectorMatches(rule.matchers, facts.alert.labels)) return undefined;
    if (rule.if !== null && rule.if.evaluate(alertVariables(rule, facts)) !== true) return undefined;
    return { kind: "matched", rule };
  } catch (error) {
    if (!(error instanceof ExpressionError || error instanceof Re2Error)) throw error;
    const isMissing = error instanceof ExpressionError && error.code === "missing";
    return {
      kind: "refused",
      rule,
      reason: isMissing ? "missing_label" : "expression_error",
      message: error.message,
    };
  }
}
