import type { NoticeLane, Run } from "../runs/records.ts";
import { noticeThreadOf } from "../runs/records.ts";
import type { Reader, Tx } from "./store.ts";

// What a receiver calls the first notice of a thread: a Slack message's time, an e-mail's id, the state of an incident.

export async function readThreadReference(db: Reader, lane: NoticeLane): Promise<string | null> {
  const row = await db
    .selectFrom("notice_thread")
    .select("reference")
    .where("thread", "=", lane.thread)
    .where("notifier", "=", lane.notifier)
    .executeTakeFirst();
  return row?.reference ?? null;
}

/** Replaces an earlier reference of the lane. */
export async function putThreadReference(
  tx: Tx,
  lane: NoticeLane,
  about: { readonly runId: string | null; readonly reference: string; readonly atMs: number },
): Promise<void> {
  const { runId, reference, atMs } = about;
  await tx
    .insertInto("notice_thread")
    .values({ thread: lane.thread, notifier: lane.notifier, run_id: runId, reference, at: atMs })
    .onConflict((conflict) => conflict.columns(["thread", "notifier"]).doUpdateSet({ reference, at: atMs }))
    .execute();
}

/** Forgets threads in which nothing was said since: a later notice would begin a new one. */
export async function deleteThreadReferences(tx: Tx, beforeMs: number): Promise<number> {
  const result = await tx.deleteFrom("notice_thread").where("at", "<", beforeMs).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/**
 * The thread of what is found out of a run after its alert has ended: that of the alert's next episode, or of the group's next
 * firing, when it came back meanwhile; only the end of that one will close it.
 */
export async function readLiveThread(db: Reader, run: Run): Promise<string> {
  const { episodeId, rule } = run.trigger;
  if (run.groupId !== null) {
    const group = await db
      .selectFrom("alert_group as newer")
      .innerJoin("alert_group as own", (join) =>
        join.onRef("own.rule", "=", "newer.rule").onRef("own.group_key", "=", "newer.group_key"),
      )
      .select("newer.id")
      .where("own.id", "=", run.groupId)
      .where("newer.rule", "=", rule)
      .where("newer.closed_at", "is", null)
      .executeTakeFirst();
    return group?.id ?? run.groupId;
  }
  if (episodeId === null) return run.id;
  const episode = await db
    .selectFrom("episode as newer")
    .innerJoin("episode as own", "own.identity", "newer.identity")
    .select("newer.id")
    .where("own.id", "=", episodeId)
    .where("newer.state", "=", "firing")
    .executeTakeFirst();
  return episode?.id ?? noticeThreadOf(run);
}
