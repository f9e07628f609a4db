import type { Rule } from "../rules/rule.ts";
import type { Run } from "../runs/records.ts";
import { putLadder, readLadder } from "../store/ladders.ts";
import type { Tx } from "../store/store.ts";
import { setTimer } from "../store/timers.ts";
import type { EngineDependencies } from "./dependencies.ts";

/**
 * After the end of a run that a rule with a ladder started: remembers how far the group has come, and looks at the next
 * rung unless the run may still turn out to have helped.
 */
export async function noteClimb(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  atMs: number,
): Promise<void> {
  const rule = ladderRuleOf(dependencies, run);
  if (rule === undefined || run.groupKey === null) return;
  // What never began, and what found nothing to change, is no attempt at a remedy.
  const hasTried = run.startedAtMs !== null && (run.changeEndedAtMs !== null || run.state !== "succeeded");
  if (hasTried) {
    // A member that came later begins at the rule's own runbook; its group has come further.
    const known = await readLadder(tx, rule.name, run.groupKey);
    const isKnown = known !== null && atMs - known.atMs < rule.ladderMemoryMs;
    const rung = isKnown ? Math.max(known.rung, run.rung) : run.rung;
    await putLadder(tx, { rule: rule.name, groupKey: run.groupKey, rung, atMs, runId: run.id });
  }
  if (["failed", "timed_out", "interrupted", "rejected"].includes(run.state))
    await lookAtNextRung(tx, dependencies, run, atMs);
}

/** Sets the timer of the run's ladder, where its rule has one. */
export async function lookAtNextRung(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  atMs: number,
): Promise<void> {
  if (ladderRuleOf(dependencies, run) === undefined) return;
  await setTimer(tx, { kind: "ladder", subject: run.id, dueAtMs: atMs, data: {} });
}

/** The rule of a run, if it still has a ladder. */
export function ladderRuleOf(dependencies: EngineDependencies, run: Run): Rule | undefined {
  if (run.trigger.kind !== "alert" || run.trigger.rule === null) return undefined;
  const rule = dependencies.catalog.current().rulesByName.get(run.trigger.rule);
  return rule === undefined || rule.ladder.length === 0 ? undefined : rule;
}
