import { insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

// Locks: names that at most one run has at a time. A run asks for all of its locks when it is made, takes all or none of
// them at its start, and gives them back when it ends.

const shape = rowShape("run_lock", ["name", "run_id", "taken_at"]);

export interface WantedLock {
  readonly name: string;
  readonly runId: string;
}

export async function askForLocks(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  locks: readonly WantedLock[],
): Promise<void> {
  await insertRows(
    tx,
    dialect,
    shape,
    locks.map((lock) => [lock.name, lock.runId, null]),
  );
}

/** The locks that the run wants and other runs have; empty when it may start. */
export async function findTakenLocks(db: Reader, runId: string): Promise<{ name: string; holder: string }[]> {
  const rows = await db
    .selectFrom("run_lock as wanted")
    .innerJoin("run_lock as taken", "taken.name", "wanted.name")
    .select(["taken.name", "taken.run_id"])
    .where("wanted.run_id", "=", runId)
    .where("taken.run_id", "<>", runId)
    .where("taken.taken_at", "is not", null)
    .orderBy("taken.name")
    .execute();
  return rows.map((row) => ({ name: row.name, holder: row.run_id }));
}

/** Takes all locks of a run. The database refuses it when another run has one of them. */
export async function takeLocks(tx: Tx, runId: string, atMs: number): Promise<void> {
  await tx
    .updateTable("run_lock")
    .set({ taken_at: atMs })
    .where("run_id", "=", runId)
    .where("taken_at", "is", null)
    .execute();
}

/** Gives back what a run has and wants. Returns the names, for those that wait in line. */
export async function releaseLocks(tx: Tx, runId: string): Promise<string[]> {
  const rows = await tx.deleteFrom("run_lock").where("run_id", "=", runId).returning("name").execute();
  return rows.map((row) => row.name);
}

/** The oldest runs in line for each of these locks: the first of them may be held back by something else. */
export async function firstInLine(tx: Tx, names: readonly string[], limit: number): Promise<string[]> {
  const first = new Set<string>();
  for (const name of names) {
    const rows = await tx
      .selectFrom("run_lock")
      .innerJoin("run", "run.id", "run_lock.run_id")
      .select("run_lock.run_id")
      .where("run_lock.name", "=", name)
      .where("run_lock.taken_at", "is", null)
      .where("run.state", "=", "queued")
      .orderBy("run_lock.run_id")
      .limit(limit)
      .execute();
    for (const row of rows) first.add(row.run_id);
  }
  return [...first].sort();
}
