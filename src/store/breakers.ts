import type { BreakerState } from "../runs/guard-records.ts";
import type { BreakerTable } from "./guard-tables.ts";
import type { Reader, Tx } from "./store.ts";

/** The breaker of a rule; null when it was never opened nor reset. */
export async function readBreaker(db: Reader, rule: string): Promise<BreakerState | null> {
  const row = await db.selectFrom("breaker").selectAll().where("rule", "=", rule).executeTakeFirst();
  return row === undefined ? null : toBreaker(row);
}

/** All that were ever opened or reset, by rule: at most one for each rule there ever was. */
export async function readBreakers(db: Reader): Promise<BreakerState[]> {
  return (await db.selectFrom("breaker").selectAll().orderBy("rule").execute()).map(toBreaker);
}

export interface BreakerOpening {
  readonly rule: string;
  readonly runId: string;
  readonly because: string;
  readonly atMs: number;
  /** An opening so long ago has ended by itself. */
  readonly resetAfterMs: number;
}

/**
 * Opens the breaker of a rule. False when it is open already, so that of several runs that fail at once one tells people. The failures
 * that opened it do not count again.
 */
export async function openBreaker(tx: Tx, opening: BreakerOpening): Promise<boolean> {
  const opened = {
    opened_at: opening.atMs,
    run_id: opening.runId,
    because: opening.because,
    counted_from: opening.atMs,
  };
  const result = await tx
    .insertInto("breaker")
    .values({ rule: opening.rule, ...opened })
    .onConflict((conflict) =>
      conflict
        .column("rule")
        .doUpdateSet(opened)
        .where((where) =>
          where.or([
            where("breaker.opened_at", "is", null),
            where("breaker.opened_at", "<=", opening.atMs - opening.resetAfterMs),
          ]),
        ),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Closes the breaker of a rule and counts its failures from now on. May be repeated. */
export async function resetBreaker(tx: Tx, rule: string, atMs: number): Promise<void> {
  const reset = { opened_at: null, run_id: null, because: null, counted_from: atMs };
  await tx
    .insertInto("breaker")
    .values({ rule, ...reset })
    .onConflict((conflict) => conflict.column("rule").doUpdateSet(reset))
    .execute();
}

function toBreaker(row: BreakerTable): BreakerState {
  return {
    rule: row.rule,
    openedAtMs: row.opened_at,
    runId: row.run_id,
    because: row.because,
    countedFromMs: row.counted_from,
  };
}
