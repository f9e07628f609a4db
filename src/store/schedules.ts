import type { Reason } from "../runs/reasons.ts";
import type { ScheduleRecord, ScheduleResult } from "../runs/start-records.ts";
import type { Reader, Tx } from "./store.ts";

/** What became of the newest time of a schedule; replaces what became of the one before. */
export async function putScheduleRecord(tx: Tx, record: ScheduleRecord): Promise<void> {
  const values = {
    last_due_at: record.forMs,
    last_at: record.atMs,
    last_result: record.result,
    last_reason: record.reason,
    last_text: record.text,
    last_run_id: record.runId,
  };
  await tx
    .insertInto("schedule")
    .values({ name: record.name, ...values })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
    .execute();
}

/** Of every schedule that has had a time. */
export async function readScheduleRecords(db: Reader): Promise<ScheduleRecord[]> {
  const rows = await db.selectFrom("schedule").selectAll().orderBy("name").execute();
  return rows.map((row) => ({
    name: row.name,
    forMs: row.last_due_at,
    atMs: row.last_at,
    result: row.last_result as ScheduleResult,
    reason: row.last_reason as Reason | null,
    text: row.last_text,
    runId: row.last_run_id,
  }));
}

export async function forgetSchedule(tx: Tx, name: string): Promise<void> {
  await tx.deleteFrom("schedule").where("name", "=", name).execute();
}

/** A run that this principal, no rule, has started and that has not ended; null when there is none. */
export async function findLiveRunOf(db: Reader, principal: string): Promise<string | null> {
  const row = await db
    .selectFrom("run")
    .select("id")
    .where("state", "in", ["queued", "waiting_person", "running"])
    .where("principal", "=", principal)
    .where("rule", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}
