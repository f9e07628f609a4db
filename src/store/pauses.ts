import type { Pause } from "../runs/guard-records.ts";
import type { PauseTable } from "./guard-tables.ts";
import type { Reader, Tx } from "./store.ts";

/**
 * Adds a pause. False when one of this name is in force. A name is free again once its pause was removed or is over: an earlier
 * one that is over is closed at its end, by nobody.
 */
export async function insertPause(tx: Tx, pause: Pause): Promise<boolean> {
  await tx
    .updateTable("pause")
    .set((row) => ({ removed_at: row.ref("until") }))
    .where("name", "=", pause.name)
    .where("removed_at", "is", null)
    .where("until", "<=", pause.createdAtMs)
    .execute();
  const result = await tx
    .insertInto("pause")
    .values({
      id: pause.id,
      name: pause.name,
      scope: pause.scope,
      reason: pause.reason,
      principal: pause.principal,
      created_at: pause.createdAtMs,
      until: pause.untilMs,
      removed_at: pause.removedAtMs,
      removed_by: pause.removedBy,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** The pauses in force at a time, oldest first. */
export async function listActivePauses(db: Reader, atMs: number): Promise<Pause[]> {
  const rows = await db
    .selectFrom("pause")
    .selectAll()
    .where("removed_at", "is", null)
    .where("until", ">", atMs)
    .orderBy("id")
    .execute();
  return rows.map(toPause);
}

/** Newest first, after `before` (an id) where given: those in force at a time, or with null all that ever were. */
export async function listPauses(
  db: Reader,
  activeAtMs: number | null,
  limit: number,
  before: string | null,
): Promise<Pause[]> {
  let query = db.selectFrom("pause").selectAll().orderBy("id", "desc").limit(limit);
  if (activeAtMs !== null) query = query.where("removed_at", "is", null).where("until", ">", activeAtMs);
  if (before !== null) query = query.where("id", "<", before);
  return (await query.execute()).map(toPause);
}

/** Ends the pause in force that has this name or id. Null when there is none. */
export async function removePause(
  tx: Tx,
  nameOrId: string,
  removedBy: string,
  atMs: number,
): Promise<Pause | null> {
  const row = await tx
    .updateTable("pause")
    .set({ removed_at: atMs, removed_by: removedBy })
    .where((where) => where.or([where("name", "=", nameOrId), where("id", "=", nameOrId)]))
    .where("removed_at", "is", null)
    .where("until", ">", atMs)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toPause(row);
}

/** How many are in force at a time. */
export async function countActivePauses(db: Reader, atMs: number): Promise<number> {
  const row = await db
    .selectFrom("pause")
    .select((it) => it.fn.countAll().as("count"))
    .where("removed_at", "is", null)
    .where("until", ">", atMs)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

function toPause(row: PauseTable): Pause {
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    reason: row.reason,
    principal: row.principal,
    createdAtMs: row.created_at,
    untilMs: row.until,
    removedAtMs: row.removed_at,
    removedBy: row.removed_by,
  };
}
