import { type ExpressionBuilder, sql } from "kysely";
import { newId } from "../platform/ids.ts";
import type { OutboxItem } from "../runs/records.ts";
import type { Schema } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

export type NewOutboxItem = Omit<OutboxItem, "id" | "attempts" | "lane"> & Partial<Pick<OutboxItem, "lane">>;

/** Adds work to be done once for (run, action, target). A second time changes nothing: false. */
export async function addToOutbox(tx: Tx, item: NewOutboxItem): Promise<boolean> {
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
      thread: item.lane?.thread ?? null,
      notifier: item.lane?.notifier ?? null,
      dead_at: null,
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

type OutboxExpression = ExpressionBuilder<Schema, "outbox">;

/** No earlier notice of the same lane is still to be sent. */
function isFirstInLane(where: OutboxExpression) {
  const earlier = where
    .selectFrom("outbox as earlier")
    .select(sql.lit(1).as("one"))
    .whereRef("earlier.thread", "=", "outbox.thread")
    .whereRef("earlier.notifier", "=", "outbox.notifier")
    .whereRef("earlier.id", "<", "outbox.id")
    .where("earlier.done_at", "is", null);
  return where.not(where.exists(earlier));
}

export interface OutboxClaim {
  readonly nowMs: number;
  readonly retryAtMs: number;
  readonly limit: number;
  /** What is passed over: items that are under way, and all that would go where enough is under way. */
  readonly except?: {
    readonly ids: readonly string[];
    readonly notifiers: readonly string[];
    readonly actions: readonly OutboxItem["action"][];
  };
}

/**
 * Takes due items by moving their next try behind `retryAtMs`: who is killed in the middle leaves them to be tried again. Of the
 * notices of one lane only the first.
 */
export async function claimOutbox(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  { nowMs, retryAtMs, limit, except }: OutboxClaim,
): Promise<OutboxItem[]> {
  const { ids = [], notifiers = [], actions = [] } = except ?? {};
  const rows = await tx
    .updateTable("outbox")
    .set((row) => ({ due_at: retryAtMs, attempts: row("attempts", "+", 1) }))
    .where("id", "in", (query) => {
      let due = query
        .selectFrom("outbox")
        .select("id")
        .where("done_at", "is", null)
        .where("due_at", "<=", nowMs)
        .where(isFirstInLane)
        .orderBy("id")
        .limit(limit);
      if (ids.length > 0) due = due.where("id", "not in", ids);
      if (actions.length > 0) due = due.where("action", "not in", actions);
      if (notifiers.length > 0)
        due = due.where((where) =>
          where.or([where("notifier", "is", null), where("notifier", "not in", notifiers)]),
        );
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
      lane:
        row.thread === null || row.notifier === null ? null : { thread: row.thread, notifier: row.notifier },
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

/** Gives an item up: nothing tries it again unless a person asks for it. */
export async function buryOutboxItem(tx: Tx, id: string, atMs: number, error: string): Promise<void> {
  await tx
    .updateTable("outbox")
    .set({ done_at: atMs, dead_at: atMs, last_error: error })
    .where("id", "=", id)
    .where("done_at", "is", null)
    .execute();
}

/** When something can be taken; null when nothing waits. */
export async function nextOutboxDueMs(db: Reader): Promise<number | null> {
  const row = await db
    .selectFrom("outbox")
    .select("due_at")
    .where("done_at", "is", null)
    .where(isFirstInLane)
    .orderBy("due_at")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : Number(row.due_at);
}
