import { ExpressionError } from "../expressions/cel.ts";
import { APPROVAL_DEFAULT, type ApprovalTerms } from "../runbooks/check-approval.ts";
import { inputsForExpressions, type Plan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Trigger } from "../runs/records.ts";

/**
 * What is asked of people before this start; null when it needs nobody's yes. A rule in mode `approve` asks always, whatever
 * the runbook's `when` says. A `when` that cannot be evaluated asks as well. The `approval` of called runbooks is not theirs
 * to ask for: the run is one of the runbook that was started.
 */
export function neededApproval(
  { approval }: Pick<Runbook, "approval">,
  plan: Plan,
  trigger: Pick<Trigger, "kind" | "principal">,
  isAskedByRule = false,
): ApprovalTerms | null {
  if (isAskedByRule) return approval ?? APPROVAL_DEFAULT;
  if (approval === null || approval.when === null) return approval;
  const { kind, principal } = trigger;
  const variables = { inputs: inputsForExpressions(plan, plan), run: { trigger: { kind, principal } } };
  try {
    return approval.when.evaluate(variables) === false ? null : approval;
  } catch (error) {
    if (error instanceof ExpressionError) return approval;
    throw error;
  }
}
