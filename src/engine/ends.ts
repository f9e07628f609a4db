import { newId } from "../platform/ids.ts";
import type { Episode, Run } from "../runs/records.ts";
import { insertDecisions } from "../store/decisions.ts";
import {
  findEndedRuns,
  findFollowedRuns,
  readLiveRunsOf,
  requestCancelByEnd,
} from "../store/ended-alerts.ts";
import { closeEpisode } from "../store/episodes.ts";
import { closeGroupsOf } from "../store/groups.ts";
import { cancelQueuedRuns } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { resumeToCancel } from "../store/waiting-runs.ts";
import { moveTimer, setTimer } from "../store/timers.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps, leaveQuestions } from "./end-run.ts";
import { tellRecoveries } from "./recoveries.ts";

/**
 * What the end of alerts means for their runs: one that is not over goes by its rule's `on_resolve`, one that is verified is
 * looked at, one whose rule names a runbook for the time after is followed up.
 */
export async function settleEnds(
  tx: Tx,
  dependencies: EngineDependencies,
  episodeIds: readonly string[],
  atMs: number,
): Promise<void> {
  const groups = await closeGroupsOf(tx, episodeIds, atMs);
  await tellRecoveries(tx, dependencies, { episodeIds, groupIds: groups.map(({ id }) => id) }, atMs);
  const groupRuns = groups.flatMap((group) => (group.runId === null ? [] : [group.runId]));
  for (const run of await readLiveRunsOf(tx, episodeIds, groupRuns))
    await settleLive(tx, dependencies, run, atMs);
  const ended = await findEndedRuns(tx, episodeIds);
  for (const runId of [...groupRuns, ...ended.filter((run) => run.isUnjudged).map((run) => run.id)])
    await moveTimer(tx, "verify", runId, atMs);
  const followed = ended.filter((run) => run.hasFollowUp).map((run) => run.id);
  for (const runId of [...(await findFollowedRuns(tx, groupRuns)), ...followed])
    await setTimer(tx, { kind: "follow_up", subject: runId, dueAtMs: atMs, data: {} });
}

async function settleLive(tx: Tx, dependencies: EngineDependencies, run: Run, atMs: number): Promise<void> {
  const { kind } = run.onResolve;
  if (kind === "let_finish") return;
  if (run.state !== "running") {
    const message = "the alert ended before the run could start";
    const cancelled = await cancelQueuedRuns(tx, [run.id], atMs, message);
    if (cancelled.length > 0)
      return leaveFollowUps(
        tx,
        dependencies,
        { ...run, state: "cancelled", message, finishedAtMs: atMs },
        atMs,
      );
  }
  // One that waits for people in the middle of its steps is pending too: what follows its steps is still done.
  if (await resumeToCancel(tx, run.id, atMs, "alert_ended")) return leaveQuestions(tx, run.id, atMs);
  if (kind === "cancel") await requestCancelByEnd(tx, run.id, atMs);
}

/** Closes an episode whose end no delivery told, with a decision that says how it is known. False if it has ended already. */
export async function closeUnseen(
  tx: Tx,
  dependencies: EngineDependencies,
  episode: Pick<Episode, "id">,
  end: { readonly state: "resolved" | "stale"; readonly text: string; readonly atMs: number },
): Promise<boolean> {
  const { state, text, atMs } = end;
  if (!(await closeEpisode(tx, episode.id, state, atMs))) return false;
  const catalogDigest = dependencies.catalog.current().digest;
  const about = { deliveryId: null, episodeId: episode.id, rule: null, reason: null, runId: null };
  await insertDecisions(tx, dependencies.store.dialect, [
    { ...about, id: newId(), atMs, kind: "closed", detail: { state, text }, catalogDigest },
  ]);
  await settleEnds(tx, dependencies, [episode.id], atMs);
  return true;
}

/** Why {@link closeUnseen} closes an alert as resolved. */
export const GONE_TEXT = "the source no longer knows the alert";
