import { newId } from "../platform/ids.ts";
import type { OutboxItem } from "../runs/records.ts";
import type { Reader, Tx } from "./store.ts";

/** Adds work to be done once for (run, action, target). A second time changes nothing: false. */
export async function addToOutbox(tx: Tx, item: Omit<OutboxItem, "id" | "attempts">): Promise<boolean> {
  const result = await tx
    .insertInto("outbox")
    .values({
      id: newId(),
      run_id: item.runId,
      action: item.action,
      target: item.target,
      data: JSON.stringify(item.data),
      due_at: item.dueAtMs,
      attempts: 0,
      done_at: null,
      last_error: null,
    })
    .onConflict((conflict) => conflict.columns(["run_id", "action", "target"]).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** The revisions of a run's bundle that were asked for. */
export async function readBundleTargets(db: Reader, runId: string): Promise<number[]> {
  const rows = await db
    .selectFrom("outbox")
    .select("target")
    .where("run_id", "=", runId)
    .where("action", "=", "bundle")
    .execute();
  return rows.map((row) => Number(row.target));
}

/** Takes due items by moving their next try behind `retryAtMs`: who is killed in the middle leaves them to be tried again. */
export async function claimOutbox(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  nowMs: number,
  retryAtMs: number,
  limit: number,
): Promise<OutboxItem[]> {
  const rows = await tx
    .updateTable("outbox")
    .set((row) => ({ due_at: retryAtMs, attempts: row("attempts", "+", 1) }))
    .where("id", "in", (query) => {
      const due = query
        .selectFrom("outbox")
        .select("id")
        .where("done_at", "is", null)
        .where("due_at", "<=", nowMs)
        .orderBy("id")
        .limit(limit);
      return dialect === "postgres" ? due.forUpdate().skipLocked() : due;
    })
    .returningAll()
    .execute();
  return rows
    .map((row) => ({
      id: row.id,
      runId: row.run_id,
      action: row.action as OutboxItem["action"],
      target: row.target,
      data: JSON.parse(row.data) as Record<string, unknown>,
      dueAtMs: row.due_at,
      attempts: row.attempts,
    }))
    .sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** Makes everything that is not done due now. For the start of the only node: nobody else can be at work on an item. */
export async function releaseOutbox(tx: Tx, nowMs: number): Promise<void> {
  await tx
    .updateTable("outbox")
    .set({ due_at: nowMs })
    .where("done_at", "is", null)
    .where("due_at", ">", nowMs)
    .execute();
}

export async function finishOutboxItem(tx: Tx, id: string, doneAtMs: number): Promise<void> {
  await tx.updateTable("outbox").set({ done_at: doneAtMs, last_error: null }).where("id", "=", id).execute();
}

export async function retryOutboxItem(tx: Tx, id: string, dueAtMs: number, error: string): Promise<void> {
  await tx
    .updateTable("outbox")
    .set({ due_at: dueAtMs, last_error: error })
    .where("id", "=", id)
    .where("done_at", "is", null)
    .execute();
}

export async function nextOutboxDueMs(db: Reader): Promise<number | null> {
  const row = await db
    .selectFrom("outbox")
    .select((it) => it.fn.min("due_at").as("due_at"))
    .where("done_at", "is", null)
    .executeTakeFirst();
  return row?.due_at === null || row?.due_at === undefined ? null : Number(row.due_at);
}

export interface NoticeRecord {
  readonly atMs: number;
  readonly to: string;
  readonly event: string;
  readonly isDelivered: boolean;
  /** Why it was not delivered; null when it was. */
  readonly message: string | null;
}

/** The notices of a run, oldest first. */
export async function readNotices(db: Reader, runId: string): Promise<NoticeRecord[]> {
  const rows = await db
    .selectFrom("outbox")
    .selectAll()
    .where("run_id", "=", runId)
    .where("action", "=", "notify")
    .orderBy("id")
    .execute();
  return rows.map((row) => {
    const [event, ...to] = row.target.split(":");
    return {
      atMs: row.done_at ?? row.due_at,
      to: to.join(":"),
      event: event ?? "",
      isDelivered: row.done_at !== null,
      message: row.last_error,
    };
  });
}
