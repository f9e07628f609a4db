import type { Reason } from "../runs/reasons.ts";
import type { RunState } from "../runs/states.ts";
import type { Tx } from "./store.ts";

// Runs that wait for people, or that a guard holds back.

/** A person said yes: the run waits for a slot from now on. False when it does not wait for a person any more. */
export async function queueApprovedRun(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ state: "queued", queued_at: atMs })
    .where("id", "=", id)
    .where("state", "=", "waiting_person")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Nobody said yes: the run ends without having begun. False when it does not wait for a person any more. */
export async function endWaitingRun(
  tx: Tx,
  id: string,
  end: {
    readonly state: Extract<RunState, "rejected" | "timed_out">;
    readonly message: string;
    readonly atMs: number;
  },
): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ state: end.state, message: end.message, finished_at: end.atMs })
    .where("id", "=", id)
    .where("state", "=", "waiting_person")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Runs that are held back for one of these reasons are looked at again at once. */
export async function releaseHeldRuns(tx: Tx, reasons: readonly Reason[]): Promise<void> {
  await tx
    .updateTable("run")
    .set({ held_until: null })
    .where("state", "=", "queued")
    .where("held_reason", "in", reasons)
    .where("held_until", "is not", null)
    .execute();
}
