import { newId } from "../platform/ids.ts";
import type { Episode } from "../runs/records.ts";
import { insertDecisions } from "../store/decisions.ts";
import { closeEpisode } from "../store/episodes.ts";
import { closeGroupsOf } from "../store/groups.ts";
import { cancelQueuedRuns, findUnjudgedRuns, readQueuedRunsOf } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { moveTimer } from "../store/timers.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps } from "./end-run.ts";

/** What the end of alerts means for their runs: one that has not started is cancelled, one that is verified is looked at. */
export async function settleEnds(
  tx: Tx,
  dependencies: EngineDependencies,
  episodeIds: readonly string[],
  atMs: number,
): Promise<void> {
  const groups = await closeGroupsOf(tx, episodeIds, atMs);
  const groupRuns = groups.flatMap((group) => (group.runId === null ? [] : [group.runId]));
  const message = "the alert ended before the run could start";
  for (const run of await readQueuedRunsOf(tx, episodeIds, groupRuns)) {
    const cancelled = await cancelQueuedRuns(tx, [run.id], atMs, message);
    if (cancelled.length > 0)
      await leaveFollowUps(tx, dependencies, { ...run, state: "cancelled", message }, atMs);
  }
  for (const runId of [...groupRuns, ...(await findUnjudgedRuns(tx, episodeIds))])
    await moveTimer(tx, "verify", runId, atMs);
}

/** Closes an episode whose end no delivery told, with a decision that says how it is known. Does nothing if it has ended. */
export async function closeUnseen(
  tx: Tx,
  dependencies: EngineDependencies,
  episode: Pick<Episode, "id">,
  end: { readonly state: "resolved" | "stale"; readonly text: string; readonly atMs: number },
): Promise<void> {
  const { state, text, atMs } = end;
  if (!(await closeEpisode(tx, episode.id, state, atMs))) return;
  const catalogDigest = dependencies.catalog.current().digest;
  const about = { deliveryId: null, episodeId: episode.id, rule: null, reason: null, runId: null };
  await insertDecisions(tx, dependencies.store.dialect, [
    { ...about, id: newId(), atMs, kind: "closed", detail: { state, text }, catalogDigest },
  ]);
  await settleEnds(tx, dependencies, [episode.id], atMs);
}

/** Why {@link closeUnseen} closes an alert as resolved. */
export const GONE_TEXT = "the source no longer knows the alert";
