import { setImmediate as nextTurn } from "node:timers/promises";
import type { Timer } from "../runs/records.ts";
import type { RollUp } from "../store/rollups.ts";
import { claimTimer, ensureTimer, setTimer } from "../store/timers.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** What is not rolled up yet is counted at every question, so it should stay little. */
const EVERY_MS = 60_000;
/** After a look that did not come to the end. */
const AGAIN_MS = 1_000;
/** A stop of the service waits for a look under way. */
const STEPS_MAX = 20;

const SUBJECT = "statistics";

/** Sets the timer of the statistics unless there is one. */
export async function scheduleRollUp({ store }: Pick<EngineDependencies, "store">): Promise<void> {
  await store.transaction(async (tx) => {
    const dueAtMs = (await store.nowMs(tx)) + AGAIN_MS;
    await ensureTimer(tx, { kind: "rollup", subject: SUBJECT, dueAtMs, data: {} });
  });
}

/** Counts what was decided and run since the last time, a bounded part of it, and forgets counts that nobody can ask for. */
export async function rollUp(
  { store, clock }: Pick<EngineDependencies, "store" | "clock">,
  counting: RollUp,
  timer: Timer,
): Promise<void> {
  let hasMore = true;
  // Ids are made by this node's clock, so that the age of a decision is told by it as well.
  for (let steps = 0; hasMore && steps < STEPS_MAX; steps += 1) {
    hasMore = await counting.step(clock.nowMs());
    await nextTurn();
  }
  const prunedTo = Number(timer.data["pruned_to"] ?? 0);
  const data = { pruned_to: await counting.prune(clock.nowMs(), prunedTo) };
  await store.transaction(async (tx) => {
    if (!(await claimTimer(tx, timer))) return;
    await setTimer(tx, {
      ...timer,
      data,
      dueAtMs: (await store.nowMs(tx)) + (hasMore ? AGAIN_MS : EVERY_MS),
    });
  });
}
