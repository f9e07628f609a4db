import { newId } from "../platform/ids.ts";
import type { Reason } from "../runs/reasons.ts";
import type { Timer, TimerKind } from "../runs/records.ts";
import type { TimerTable } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

/** Sets the timer of (kind, subject): a new one, or the same one to another time. */
export async function setTimer(tx: Tx, timer: Omit<Timer, "id">): Promise<void> {
  const data = JSON.stringify(timer.data);
  await tx
    .insertInto("timer")
    .values({ id: newId(), kind: timer.kind, subject: timer.subject, due_at: timer.dueAtMs, data })
    .onConflict((conflict) =>
      conflict.columns(["kind", "subject"]).doUpdateSet({ due_at: timer.dueAtMs, data }),
    )
    .execute();
}

/** Sets the timer of (kind, subject), unless there is one that is due earlier. */
export async function hastenTimer(tx: Tx, timer: Omit<Timer, "id">): Promise<void> {
  const data = JSON.stringify(timer.data);
  await tx
    .insertInto("timer")
    .values({ id: newId(), kind: timer.kind, subject: timer.subject, due_at: timer.dueAtMs, data })
    .onConflict((conflict) =>
      conflict
        .columns(["kind", "subject"])
        .doUpdateSet({ due_at: timer.dueAtMs, data })
        .where("timer.due_at", ">", timer.dueAtMs),
    )
    .execute();
}

/** Sets the timer of (kind, subject) unless there is one already. */
export async function ensureTimer(tx: Tx, timer: Omit<Timer, "id">): Promise<void> {
  const { kind, subject, dueAtMs } = timer;
  await tx
    .insertInto("timer")
    .values({ id: newId(), kind, subject, due_at: dueAtMs, data: JSON.stringify(timer.data) })
    .onConflict((conflict) => conflict.columns(["kind", "subject"]).doNothing())
    .execute();
}

/** Moves an existing timer. False when there is none. */
export async function moveTimer(tx: Tx, kind: TimerKind, subject: string, dueAtMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("timer")
    .set({ due_at: dueAtMs })
    .where("kind", "=", kind)
    .where("subject", "=", subject)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Makes due now the timers of a kind that were set for a reason (`reason` in their data), such as those that wait for a pause to end. */
export async function hastenTimers(tx: Tx, kind: TimerKind, reason: Reason, nowMs: number): Promise<void> {
  await tx
    .updateTable("timer")
    .set({ due_at: nowMs })
    .where("kind", "=", kind)
    .where("due_at", ">", nowMs)
    .where("data", "like", `%"reason":"${reason}"%`)
    .execute();
}

/** Takes a timer away for its work in the same transaction. False when another node was faster, or its time was changed. */
export async function claimTimer(tx: Tx, timer: Timer): Promise<boolean> {
  const result = await tx
    .deleteFrom("timer")
    .where("id", "=", timer.id)
    .where("due_at", "=", timer.dueAtMs)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}

export async function deleteTimer(tx: Tx, kind: TimerKind, subject: string): Promise<void> {
  await tx.deleteFrom("timer").where("kind", "=", kind).where("subject", "=", subject).execute();
}

/** Timers due by then, the longest overdue first. */
export async function findDueTimers(db: Reader, nowMs: number, limit: number): Promise<Timer[]> {
  const rows = await db
    .selectFrom("timer")
    .selectAll()
    .where("due_at", "<=", nowMs)
    .orderBy("due_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(toTimer);
}

/** Every timer of a kind. */
export async function listTimers(db: Reader, kind: TimerKind): Promise<Timer[]> {
  const rows = await db.selectFrom("timer").selectAll().where("kind", "=", kind).execute();
  return rows.map(toTimer);
}

function toTimer(row: TimerTable): Timer {
  return {
    id: row.id,
    kind: row.kind as TimerKind,
    subject: row.subject,
    dueAtMs: row.due_at,
    data: JSON.parse(row.data) as Record<string, unknown>,
  };
}

/** When the next timer is due; null when none is set. */
export async function nextDueMs(db: Reader): Promise<number | null> {
  const row = await db
    .selectFrom("timer")
    .select((it) => it.fn.min("due_at").as("due_at"))
    .executeTakeFirst();
  return row?.due_at === null || row?.due_at === undefined ? null : Number(row.due_at);
}
