import type { Rule } from "./rule.ts";

/** Every runbook that a rule may start: its own, those of its ladder, and the one for when the alert ends. */
export function runbooksOf({
  runbook,
  ladder,
  onResolve,
}: Pick<Rule, "runbook" | "ladder" | "onResolve">): string[] {
  const rungs = ladder.flatMap((rung) => (rung.kind === "run" ? [rung.runbook] : []));
  const after = onResolve.kind === "run" ? [onResolve.runbook] : [];
  return [...(runbook === null ? [] : [runbook]), ...rungs, ...after];
}
