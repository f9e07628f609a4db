import type { LadderState } from "../runs/guard-records.ts";
import { storedGroupKey } from "./group-key.ts";
import type { Reader, Tx } from "./store.ts";

// How far rules have climbed for their groups, and which starts have happened that happen once.

export async function readLadder(db: Reader, rule: string, groupKey: string): Promise<LadderState | null> {
  const row = await db
    .selectFrom("ladder")
    .selectAll()
    .where("rule", "=", rule)
    .where("group_key", "=", storedGroupKey(groupKey))
    .executeTakeFirst();
  if (row === undefined) return null;
  return { rule: row.rule, groupKey: row.group_key, rung: row.rung, atMs: row.at, runId: row.run_id };
}

export async function putLadder(tx: Tx, state: LadderState): Promise<void> {
  const values = { rung: state.rung, at: state.atMs, run_id: state.runId };
  await tx
    .insertInto("ladder")
    .values({ rule: state.rule, group_key: storedGroupKey(state.groupKey), ...values })
    .onConflict((conflict) => conflict.columns(["rule", "group_key"]).doUpdateSet(values))
    .execute();
}

/** True the first time, for whatever the key names. */
export async function noteOnce(tx: Tx, key: string, atMs: number): Promise<boolean> {
  const result = await tx
    .insertInto("start_once")
    .values({ key, at: atMs })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function wasNoted(db: Reader, key: string): Promise<boolean> {
  const row = await db.selectFrom("start_once").select("key").where("key", "=", key).executeTakeFirst();
  return row !== undefined;
}
