import type { ExpressionBuilder } from "kysely";
import type { Silence, SilenceKey } from "../runs/guard-records.ts";
import type { SilenceTable } from "./guard-tables.ts";
import { inParts } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

// Silences of ours at sources: one for each source and rule or step of a run, from the decision to make it until it is lifted.

/** A silence that is to be made. A second time changes nothing. */
export async function addSilence(
  tx: Tx,
  silence: SilenceKey & Pick<Silence, "askedAtMs" | "endsAtMs">,
): Promise<void> {
  await tx
    .insertInto("silence")
    .values({
      run_id: silence.runId,
      source: silence.source,
      step_id: silence.stepId ?? "",
      silence_id: null,
      asked_at: silence.askedAtMs,
      ends_at: silence.endsAtMs,
      lifted_at: null,
    })
    .onConflict((conflict) => conflict.columns(["run_id", "source", "step_id"]).doNothing())
    .execute();
}

/** One that nobody has heard of as made, and whose time is over, gets a new time: the source would refuse one that has ended. */
export async function renewSilence(
  tx: Tx,
  silence: SilenceKey & Pick<Silence, "endsAtMs">,
  nowMs: number,
): Promise<void> {
  await tx
    .updateTable("silence")
    .set({ asked_at: nowMs, ends_at: silence.endsAtMs })
    .where(isThat(silence))
    .where("silence_id", "is", null)
    .where("lifted_at", "is", null)
    .where("ends_at", "<=", nowMs)
    .execute();
}

export async function readSilence(db: Reader, key: SilenceKey): Promise<Silence | null> {
  const row = await db.selectFrom("silence").selectAll().where(isThat(key)).executeTakeFirst();
  return row === undefined ? null : toSilence(row);
}

/** All silences of a run, also those that were lifted. */
export async function readSilencesOf(db: Reader, runId: string): Promise<Silence[]> {
  return readSilencesOfRuns(db, [runId]);
}

/** The same of several runs, run by run. */
export async function readSilencesOfRuns(db: Reader, runIds: readonly string[]): Promise<Silence[]> {
  const rows = await inParts(runIds, (part) =>
    db
      .selectFrom("silence")
      .selectAll()
      .where("run_id", "in", part)
      .orderBy("run_id")
      .orderBy("source")
      .orderBy("step_id")
      .execute(),
  );
  return rows.map(toSilence);
}

/** The source has made it. False when it was lifted meanwhile: then nobody will lift it any more but the caller. */
export async function noteSilenceMade(tx: Tx, key: SilenceKey, silenceId: string): Promise<boolean> {
  const result = await tx
    .updateTable("silence")
    .set({ silence_id: silenceId })
    .where(isThat(key))
    .where("lifted_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** It is lifted, as it was read. False when it was made meanwhile: then it is there, and is to be lifted once more. */
export async function noteSilenceLifted(tx: Tx, silence: Silence, atMs: number): Promise<boolean> {
  const { silenceId } = silence;
  const result = await tx
    .updateTable("silence")
    .set({ lifted_at: atMs })
    .where(isThat(silence))
    .where("silence_id", silenceId === null ? "is" : "=", silenceId)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function isThat({ runId, source, stepId }: SilenceKey) {
  return (row: ExpressionBuilder<Schema, "silence">) =>
    row.and({ run_id: runId, source, step_id: stepId ?? "" });
}

function toSilence(row: SilenceTable): Silence {
  return {
    runId: row.run_id,
    source: row.source,
    stepId: row.step_id === "" ? null : row.step_id,
    silenceId: row.silence_id,
    askedAtMs: row.asked_at,
    endsAtMs: row.ends_at,
    liftedAtMs: row.lifted_at,
  };
}
