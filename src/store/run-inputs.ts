import type { Reader, Tx } from "./store.ts";

/** A secret or a file of a run, encrypted. */
export interface SealedInput {
  readonly name: string;
  readonly sealed: Uint8Array;
}

/** To be written in the transaction that makes the run. */
export async function insertRunInputs(tx: Tx, runId: string, inputs: readonly SealedInput[]): Promise<void> {
  for (const { name, sealed } of inputs)
    await tx
      .insertInto("run_input")
      .values({ run_id: runId, name, sealed: Buffer.from(sealed) })
      .execute();
}

export async function readRunInputs(db: Reader, runId: string): Promise<SealedInput[]> {
  return db
    .selectFrom("run_input")
    .select(["name", "sealed"])
    .where("run_id", "=", runId)
    .orderBy("name")
    .execute();
}

/** May be repeated. */
export async function deleteRunInputs(tx: Tx, runId: string): Promise<void> {
  await tx.deleteFrom("run_input").where("run_id", "=", runId).execute();
}
