import { openingText, shouldOpen } from "../guards/breaker.ts";
import type { Breaker } from "../rules/rule.ts";
import type { BreakerState } from "../runs/guard-records.ts";
import { isFollowUp, type Run } from "../runs/records.ts";
import { openBreaker, readBreaker } from "../store/breakers.ts";
import { readFailures } from "../store/failures.ts";
import type { Tx } from "../store/store.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { addNotices } from "./notices.ts";

/** Whether the run's end, or its outcome, is one that its rule's breaker counts. */
function hasFailed(run: Run): boolean {
  if (run.state === "failed" || run.state === "interrupted") return true;
  if (run.state === "timed_out" && run.startedAtMs !== null) return true;
  return run.outcome === "no_effect" || run.outcome === "worse";
}

/**
 * After the end of a run, and after its outcome, with both as written in this transaction: opens the breaker of its rule
 * when so many runs have failed now. A follow-up does not count: the remedy before it had helped.
 */
export async function countForBreaker(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  atMs: number,
): Promise<void> {
  const { rule: name } = run.trigger;
  if (run.trigger.kind !== "alert" || name === null || isFollowUp(run) || !hasFailed(run)) return;
  const breaker = dependencies.catalog.current().rulesByName.get(name)?.guards.breaker ?? null;
  if (breaker === null || run.finishedAtMs === null) return;
  const state = await readBreaker(tx, name);
  const failuresAtMs = await readFailures(tx, name);
  const countedFromMs = countedFrom(state, breaker, atMs);
  // An outcome comes long after the end it belongs to: every stretch of time that has this end in it is looked at.
  const stretches = failuresAtMs
    .filter((endMs) => endMs >= (run.finishedAtMs ?? 0) && endMs < (run.finishedAtMs ?? 0) + breaker.withinMs)
    .map((nowMs) => ({
      breaker,
      failuresAtMs: failuresAtMs.filter((endMs) => endMs <= nowMs),
      countedFromMs,
      nowMs,
    }));
  const reached = stretches.find(shouldOpen);
  if (reached === undefined) return;
  const because = openingText(reached);
  const opening = { rule: name, runId: run.id, because, atMs, resetAfterMs: breaker.resetAfterMs };
  if (!(await openBreaker(tx, opening))) return;
  await addNotices(tx, dependencies, { ...run, message: because }, "breaker_open", atMs);
  dependencies.log.warn({ rule: name, runId: run.id, because }, "breaker opened");
}

/** Failures until a breaker closed, by a person or by itself, no longer count. */
function countedFrom(state: BreakerState | null, breaker: Breaker, nowMs: number): number {
  if (state === null) return 0;
  const closedAtMs = state.openedAtMs === null ? 0 : state.openedAtMs + breaker.resetAfterMs;
  return closedAtMs <= nowMs ? Math.max(state.countedFromMs, closedAtMs) : state.countedFromMs;
}
