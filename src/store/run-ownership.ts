import type { Selectable } from "kysely";
import type { Run } from "../runs/records.ts";
import { type RunEnd, runStatesBefore } from "../runs/states.ts";
import { inParts } from "./rows.ts";
import { toRun } from "./runs.ts";
import type { RunTable } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

// Who executes a run: claims, leases and fences. Every write for a running run is conditional on the newest claim.

export interface Claim {
  readonly owner: string;
  readonly nowMs: number;
  readonly leaseUntilMs: number;
}

/** Runs that wait for a node, oldest first: parked ones only when their time has come, and none that guards hold back. */
export async function findWaitingRuns(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  nowMs: number,
  limit: number,
): Promise<Run[]> {
  const found: Run[] = [];
  for (const waiting of waitingRuns(tx, nowMs)) {
    const query = waiting.selectAll().orderBy("id").limit(limit);
    found.push(
      ...(await (dialect === "postgres" ? query.forUpdate().skipLocked() : query).execute()).map(toRun),
    );
  }
  return found.toSorted((left, right) => (left.id < right.id ? -1 : 1)).slice(0, limit);
}

/** Whether {@link findWaitingRuns} may find any; locks nothing. */
export async function hasWaitingRuns(tx: Tx, nowMs: number): Promise<boolean> {
  for (const waiting of waitingRuns(tx, nowMs))
    if ((await waiting.select("id").limit(1).executeTakeFirst()) !== undefined) return true;
  return false;
}

/** What a queued run stands behind: queued runs that are looked at before it, and runs that have a slot of some node. */
export async function readQueueBefore(
  db: Reader,
  runId: string,
  nowMs: number,
): Promise<{ readonly ahead: number; readonly running: number }> {
  const [queued] = waitingRuns(db, nowMs);
  const ahead = await queued
    .select((it) => it.fn.countAll().as("count"))
    .where("id", "<", runId)
    .executeTakeFirstOrThrow();
  const running = await db
    .selectFrom("run")
    .select((it) => it.fn.countAll().as("count"))
    .where("state", "=", "running")
    .where("owner", "is not", null)
    .executeTakeFirstOrThrow();
  return { ahead: Number(ahead.count), running: Number(running.count) };
}

/** Two questions, since each is a walk along the index of states; as one, SQLite reads every run. */
function waitingRuns(db: Reader, nowMs: number) {
  const queued = db
    .selectFrom("run")
    .where("state", "=", "queued")
    .where((where) => where.or([where("held_until", "is", null), where("held_until", "<=", nowMs)]));
  const parked = db
    .selectFrom("run")
    .where("state", "=", "running")
    .where("owner", "is", null)
    .where((where) => where.or([where("parked_until", "is", null), where("parked_until", "<=", nowMs)]));
  return [queued, parked] as const;
}

/** Takes runs that this transaction has found waiting. Each claim raises the fence. */
export async function claimRuns(tx: Tx, ids: readonly string[], claim: Claim): Promise<Run[]> {
  const rows = await inParts(ids, (part) =>
    tx
      .updateTable("run")
      .set((row) => ({
        state: "running",
        owner: claim.owner,
        fence: row("fence", "+", 1),
        lease_until: claim.leaseUntilMs,
        parked_until: null,
        held_until: null,
        held_reason: null,
        started_at: row.fn.coalesce("started_at", row.val(claim.nowMs)),
      }))
      .where("id", "in", part)
      .where("state", "in", ["queued", "running"])
      .returningAll()
      .execute(),
  );
  // The database returns them in any order.
  return rows.toSorted((left, right) => (left.id < right.id ? -1 : 1)).map(toRun);
}

/**
 * Takes over runs that nobody executes any more: those of this node but for `except`, which it is at work on, and those whose
 * lease has run out.
 */
export async function adoptRuns(
  tx: Tx,
  claim: Claim & { includeExpired: boolean; except?: readonly string[] },
): Promise<Run[]> {
  let query = tx
    .updateTable("run")
    .set((row) => ({ owner: claim.owner, fence: row("fence", "+", 1), lease_until: claim.leaseUntilMs }))
    .where("state", "=", "running")
    .where((where) =>
      claim.includeExpired
        ? where.or([where("owner", "=", claim.owner), where("lease_until", "<", claim.nowMs)])
        : where("owner", "=", claim.owner),
    )
    .where("owner", "is not", null);
  if (claim.except !== undefined && claim.except.length > 0)
    query = query.where("id", "not in", claim.except);
  return (await query.returningAll().execute()).map(toRun);
}

export async function renewLeases(tx: Tx, owner: string, leaseUntilMs: number): Promise<void> {
  await tx
    .updateTable("run")
    .set({ lease_until: leaseUntilMs })
    .where("owner", "=", owner)
    .where("state", "=", "running")
    .execute();
}

/** Who writes for a run: only the newest claim may. */
export interface Ownership {
  readonly runId: string;
  readonly owner: string;
  readonly fence: number;
}

/** Another node has taken the run over: stop, and write nothing more for it. */
export class StaleFenceError extends Error {
  override readonly name = "StaleFenceError";

  constructor(ownership: Ownership) {
    super(`run ${ownership.runId} is no longer executed under fence ${ownership.fence}`);
  }
}

/** Throws {@link StaleFenceError} unless the run is still ours; holds its row until the transaction ends. */
export async function assertOwned(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  ownership: Ownership,
): Promise<void> {
  let query = tx
    .selectFrom("run")
    .select("id")
    .where("id", "=", ownership.runId)
    .where("fence", "=", ownership.fence)
    .where("owner", "=", ownership.owner)
    .where("state", "=", "running");
  if (dialect === "postgres") query = query.forUpdate();
  if ((await query.executeTakeFirst()) === undefined) throw new StaleFenceError(ownership);
}

/** Gives a run back until a time: no owner, no slot. */
export async function parkRun(tx: Tx, ownership: Ownership, untilMs: number | null): Promise<void> {
  await updateOwned(tx, ownership, { owner: null, lease_until: null, parked_until: untilMs });
}

export async function noteChange(
  tx: Tx,
  ownership: Ownership,
  change: { startedAtMs: number | null; endedAtMs: number },
): Promise<void> {
  const result = await tx
    .updateTable("run")
    .set((row) => ({
      change_started_at: row.fn.coalesce("change_started_at", row.val(change.startedAtMs)),
      change_ended_at: change.endedAtMs,
    }))
    .where("id", "=", ownership.runId)
    .where("fence", "=", ownership.fence)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new StaleFenceError(ownership);
}

/** Ends a run of ours. Throws {@link StaleFenceError} when it no longer is. */
export async function endRun(
  tx: Tx,
  ownership: Ownership,
  end: {
    state: RunEnd;
    failedStep: string | null;
    message: string | null;
    summary: string | null;
    result?: Readonly<Record<string, unknown>> | null;
    atMs: number;
    neverStarted?: boolean;
  },
): Promise<void> {
  const result = await tx
    .updateTable("run")
    .set({
      state: end.state,
      failed_step: end.failedStep,
      message: end.message,
      summary: end.summary,
      result: end.result === undefined || end.result === null ? null : JSON.stringify(end.result),
      finished_at: end.atMs,
      ...(end.neverStarted === true ? { started_at: null } : {}),
      owner: null,
      lease_until: null,
    })
    .where("id", "=", ownership.runId)
    .where("fence", "=", ownership.fence)
    .where("owner", "=", ownership.owner)
    .where("state", "in", runStatesBefore(end.state))
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new StaleFenceError(ownership);
}

async function updateOwned(tx: Tx, ownership: Ownership, set: Partial<Selectable<RunTable>>): Promise<void> {
  const result = await tx
    .updateTable("run")
    .set(set)
    .where("id", "=", ownership.runId)
    .where("fence", "=", ownership.fence)
    .where("owner", "=", ownership.owner)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new StaleFenceError(ownership);
}
