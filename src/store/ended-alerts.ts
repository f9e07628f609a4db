import type { Run } from "../runs/records.ts";
import { inParts } from "./rows.ts";
import { toRun } from "./runs.ts";
import type { Reader, Tx } from "./store.ts";

// The runs of alerts that have ended, and what their rules' `on_resolve` makes of them.

/** Runs that are not over and that only these ended alerts, or groups that have ended whole, asked for. */
export async function readLiveRunsOf(
  tx: Tx,
  episodeIds: readonly string[],
  groupRunIds: readonly string[],
): Promise<Run[]> {
  const live = () =>
    tx.selectFrom("run").selectAll().where("state", "in", ["queued", "waiting_person", "running"]);
  const ofAlerts = await inParts(episodeIds, (part) =>
    live().where("episode_id", "in", part).where("group_id", "is", null).execute(),
  );
  const ofGroups = await inParts(groupRunIds, (part) => live().where("id", "in", part).execute());
  return [...ofAlerts, ...ofGroups].map(toRun);
}

/** How the text of an `on_resolve` begins that names a runbook: kind is the first member of what is stored. */
const NAMES_RUNBOOK = '{"kind":"run"%';

export interface EndedRun {
  readonly id: string;
  /** Its outcome is still to be found out. */
  readonly isUnjudged: boolean;
  /** Its rule names a runbook for the time after the alert. */
  readonly hasFollowUp: boolean;
}

/** Runs of these alerts to which the end of the alerts may matter: they are to be judged, or followed up. */
export async function findEndedRuns(tx: Tx, episodeIds: readonly string[]): Promise<EndedRun[]> {
  const rows = await inParts(episodeIds, (part) =>
    tx
      .selectFrom("run")
      .select(["id", "outcome", "verification", "group_id", "on_resolve"])
      .where("episode_id", "in", part)
      .where((where) =>
        where.or([
          where.and([where("outcome", "is", null), where("verification", "is not", null)]),
          where.and([where("group_id", "is", null), where("on_resolve", "like", NAMES_RUNBOOK)]),
        ]),
      )
      .execute(),
  );
  return rows.map((row) => ({
    id: row.id,
    isUnjudged: row.outcome === null && row.verification !== null,
    hasFollowUp: row.group_id === null && row.on_resolve?.startsWith(NAMES_RUNBOOK.slice(0, -1)) === true,
  }));
}

/** Which of these runs of groups are to be followed up. */
export async function findFollowedRuns(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await inParts(ids, (part) =>
    tx
      .selectFrom("run")
      .select("id")
      .where("id", "in", part)
      .where("on_resolve", "like", NAMES_RUNBOOK)
      .execute(),
  );
  return rows.map((row) => row.id);
}

/**
 * Asks whoever executes the run to stop it because its alerts have ended. A person's request stays what it is. False when the
 * run is over.
 */
export async function requestCancelByEnd(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ cancel_requested_at: atMs, cancel_because: "alert_ended", parked_until: null })
    .where("id", "=", id)
    .where("state", "=", "running")
    .where("cancel_requested_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Every run that the rule of this one started for the same alert or group, newest first; follow-ups are none of them. */
export async function readSiblings(db: Reader, run: Run): Promise<Run[]> {
  const { rule, episodeId } = run.trigger;
  // Read back, a key is as it is stored.
  let query = db
    .selectFrom("run")
    .selectAll()
    .where("rule", "=", rule)
    .where("group_key", "=", run.groupKey)
    .orderBy("id", "desc");
  query =
    run.groupId === null
      ? query.where("episode_id", "=", episodeId)
      : query.where("group_id", "=", run.groupId);
  return (await query.execute()).map(toRun);
}
