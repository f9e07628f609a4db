import type { RunNote } from "../runs/start-records.ts";
import type { Reader, Tx } from "./store.ts";

export async function insertRunNote(tx: Tx, note: RunNote): Promise<void> {
  await tx
    .insertInto("run_note")
    .values({ id: note.id, run_id: note.runId, at: note.atMs, principal: note.principal, text: note.text })
    .execute();
}

/** Oldest first. */
export async function readRunNotes(db: Reader, runId: string): Promise<RunNote[]> {
  const rows = await db
    .selectFrom("run_note")
    .selectAll()
    .where("run_id", "=", runId)
    .orderBy("id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    atMs: row.at,
    principal: row.principal,
    text: row.text,
  }));
}

export async function countRunNotes(tx: Tx, runId: string): Promise<number> {
  const row = await tx
    .selectFrom("run_note")
    .select((it) => it.fn.countAll().as("count"))
    .where("run_id", "=", runId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
