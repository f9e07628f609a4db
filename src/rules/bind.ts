import { ExpressionError } from "../expressions/cel.ts";
import type { Rule } from "./rule.ts";

/** The inputs a rule gives its runbook for one alert, or why it cannot. */
export type Binding =
  | { readonly ok: true; readonly inputs: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly reason: "missing_label" | "expression_error";
      /** The input that has no value. */
      readonly input: string;
      readonly message: string;
    };

/** Renders the rule's `with` for the variables of `alertVariables`. A missing value is a refusal, never an empty text. */
export function bindWith(rule: Pick<Rule, "with">, variables: Readonly<Record<string, unknown>>): Binding {
  const inputs: [string, unknown][] = [];
  for (const [input, value] of rule.with) {
    if (typeof value !== "object") {
      inputs.push([input, value]);
      continue;
    }
    try {
      const rendered = value.render(variables);
      if (rendered === null)
        return { ok: false, reason: "missing_label", input, message: `${value.source} has no value` };
      inputs.push([input, rendered]);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const reason = error.code === "missing" ? "missing_label" : "expression_error";
      return { ok: false, reason, input, message: error.message };
    }
  }
  return { ok: true, inputs: Object.fromEntries(inputs) };
}
