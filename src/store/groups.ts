import { storedGroupKey } from "./group-key.ts";
import { inParts, insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

/** The open alerts that one rule treats as one: the group, not the alert, starts the run. */
export interface AlertGroup {
  readonly id: string;
  readonly rule: string;
  /** The values of the rule's `group_by`; read back, a long one is its digest. */
  readonly key: string;
  /** The newest run it started. */
  readonly runId: string | null;
}

const memberShape = rowShape(
  "group_member",
  ["group_id", "episode_id", "is_judged"],
  "on conflict (group_id, episode_id) do update set is_judged = excluded.is_judged",
);

export interface GroupMember {
  readonly groupId: string;
  readonly episodeId: string;
  readonly isJudged: boolean;
}

/** The open group of a rule and its group values; locked until the transaction ends where the database has row locks. */
export async function findOpenGroup(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  rule: string,
  key: string,
): Promise<AlertGroup | null> {
  let query = tx
    .selectFrom("alert_group")
    .selectAll()
    .where("rule", "=", rule)
    .where("group_key", "=", storedGroupKey(key))
    .where("closed_at", "is", null);
  if (dialect === "postgres") query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row === undefined ? null : { id: row.id, rule: row.rule, key: row.group_key, runId: row.run_id };
}

const groupShape = rowShape("alert_group", ["id", "rule", "group_key", "opened_at", "closed_at", "run_id"]);

export async function insertGroups(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  groups: readonly (AlertGroup & { openedAtMs: number })[],
): Promise<void> {
  await insertRows(
    tx,
    dialect,
    groupShape,
    groups.map((it) => [it.id, it.rule, storedGroupKey(it.key), it.openedAtMs, null, it.runId]),
  );
}

export async function readGroupRule(db: Reader, groupId: string): Promise<string | null> {
  const row = await db.selectFrom("alert_group").select("rule").where("id", "=", groupId).executeTakeFirst();
  return row?.rule ?? null;
}

export async function setGroupRun(tx: Tx, groupId: string, runId: string): Promise<void> {
  await tx.updateTable("alert_group").set({ run_id: runId }).where("id", "=", groupId).execute();
}

export async function insertMembers(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  members: readonly GroupMember[],
): Promise<void> {
  await insertRows(
    tx,
    dialect,
    memberShape,
    members.map((it) => [it.groupId, it.episodeId, it.isJudged ? 1 : 0]),
  );
}

/** Whether a run of the group was made for this alert, now or in an earlier episode of it. */
export async function wasEverJudged(db: Reader, groupId: string, identity: string): Promise<boolean> {
  const row = await db
    .selectFrom("group_member")
    .innerJoin("episode", "episode.id", "group_member.episode_id")
    .select("group_member.episode_id")
    .where("group_member.group_id", "=", groupId)
    .where("group_member.is_judged", "=", 1)
    .where("episode.identity", "=", identity)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The groups that an alert of these was or is a member of, oldest first. */
export async function readGroupsOf(db: Reader, episodeIds: readonly string[]): Promise<string[]> {
  const rows = await inParts(episodeIds, (part) =>
    db.selectFrom("group_member").select("group_id").where("episode_id", "in", part).execute(),
  );
  return [...new Set(rows.map((row) => row.group_id))].toSorted();
}

/** Ids of the episodes of a group, oldest first. */
export async function readMembers(db: Reader, groupId: string): Promise<GroupMember[]> {
  const rows = await db
    .selectFrom("group_member")
    .selectAll()
    .where("group_id", "=", groupId)
    .orderBy("episode_id")
    .execute();
  return rows.map((row) => ({
    groupId: row.group_id,
    episodeId: row.episode_id,
    isJudged: row.is_judged === 1,
  }));
}

/**
 * Closes the open groups that these ended episodes belong to and that have no firing member left. Returns them with their newest run.
 */
export async function closeGroupsOf(
  tx: Tx,
  episodeIds: readonly string[],
  atMs: number,
): Promise<AlertGroup[]> {
  const rows = await inParts(episodeIds, (part) =>
    tx
      .updateTable("alert_group")
      .set({ closed_at: atMs })
      .where("closed_at", "is", null)
      .where("id", "in", (query) =>
        query.selectFrom("group_member").select("group_id").where("episode_id", "in", part),
      )
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom("group_member")
              .innerJoin("episode", "episode.id", "group_member.episode_id")
              .select("group_member.episode_id")
              .whereRef("group_member.group_id", "=", "alert_group.id")
              .where("episode.state", "=", "firing"),
          ),
        ),
      )
      .returning(["id", "rule", "group_key", "run_id"])
      .execute(),
  );
  return rows.map((row) => ({ id: row.id, rule: row.rule, key: row.group_key, runId: row.run_id }));
}
