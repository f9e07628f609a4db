import { type ExpressionBuilder, sql } from "kysely";
import type { Reason } from "../runs/reasons.ts";
import type { Run } from "../runs/records.ts";
import type { RunState } from "../runs/states.ts";
import { type Ownership, StaleFenceError } from "./run-ownership.ts";
import type { Schema } from "./schema.ts";
import type { Tx } from "./store.ts";

// Runs that wait for people, or that a guard holds back.

/** Holds the run's row until the transaction ends: what several people meet at. False when there is no such run. */
export async function lockRun(tx: Tx, dialect: "sqlite" | "postgres", id: string): Promise<boolean> {
  const query = tx.selectFrom("run").select("id").where("id", "=", id);
  const locked = dialect === "postgres" ? query.forUpdate() : query;
  return (await locked.executeTakeFirst()) !== undefined;
}

/**
 * Gives a run of ours back until people have answered: no owner, no slot; its locks stay. Throws {@link StaleFenceError} when
 * it is no longer ours.
 */
export async function waitForPeople(tx: Tx, ownership: Ownership, atMs: number): Promise<void> {
  const result = await tx
    .updateTable("run")
    .set({ state: "waiting_person", owner: null, lease_until: null, parked_until: null, waiting_since: atMs })
    .where("id", "=", ownership.runId)
    .where("fence", "=", ownership.fence)
    .where("owner", "=", ownership.owner)
    .where("state", "=", "running")
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new StaleFenceError(ownership);
}

/** A run that has begun and waits for people goes on: any node takes it up. False when it does not wait. */
export async function resumeWaitingRun(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const result = await begunAndWaiting(tx, id)
    .set((row) => goesOn(row, atMs))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Like {@link resumeWaitingRun}, to be ended: what follows its steps is done, and no further step. */
export async function resumeToCancel(
  tx: Tx,
  id: string,
  atMs: number,
  because: Run["cancelBecause"],
): Promise<boolean> {
  const result = await begunAndWaiting(tx, id)
    .set((row) => ({ ...goesOn(row, atMs), cancel_requested_at: atMs, cancel_because: because }))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function begunAndWaiting(tx: Tx, id: string) {
  return tx
    .updateTable("run")
    .where("id", "=", id)
    .where("state", "=", "waiting_person")
    .where("started_at", "is not", null);
}

function goesOn(row: ExpressionBuilder<Schema, "run">, atMs: number) {
  const waitedMs = sql<number>`coalesce(${atMs} - ${row.ref("waiting_since")}, 0)`;
  return { state: "running", waiting_since: null, waited_ms: row("waited_ms", "+", waitedMs) };
}

/** A person said yes: the run waits for a slot from now on. False when it does not wait for a person any more. */
export async function queueApprovedRun(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ state: "queued", queued_at: atMs })
    .where("id", "=", id)
    .where("state", "=", "waiting_person")
    .where("started_at", "is", null)
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
    .where("started_at", "is", null)
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
