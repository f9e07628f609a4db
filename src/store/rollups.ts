import { setImmediate as nextTurn } from "node:timers/promises";
import { firstIdAt } from "../platform/ids.ts";
import type { Series } from "../runs/statistics.ts";
import { tallyDecisions } from "./decision-tally.ts";
import { inParts, insertRows, rowShape } from "./rows.ts";
import { markCounted, tallyRuns } from "./run-tally.ts";
import type { Reader, Store, Tx } from "./store.ts";
import { dayOf, type Cell } from "./tally.ts";

// Counts what was decided and what runs came to, by hour and by day, in small steps: what a step has counted and that it did
// so is one transaction, so that a crash or a second node counts nothing twice. Rows are read before that transaction begins.

/** Decisions of one step. Measured with 5,000,000 of them in SQLite: a step keeps the event loop for less than 30 ms. */
const DECISIONS_MAX = 1_000;
/** Runs of one step. */
const RUNS_MAX = 250;
/** Newer decisions are left for later: one with an earlier id may be committed after them. */
const SETTLED_MS = 30_000;
/** No window of the statistics reaches further back. */
const KEPT_MS = 32 * 24 * 3_600_000;
/** Series whose old counts one step removes. */
const PRUNED_MAX = 50;

export const HOUR_SPAN = 0;
export const DAY_SPAN = 1;
const PROGRESS_ID = 1;

export interface RollUpLimits {
  readonly decisionsMax: number;
  readonly runsMax: number;
}

/** Counts some more. True when there may be more to count now. May be repeated, and done by several nodes at once. */
export async function rollUpStep(
  store: Store,
  nowMs: number,
  limits: RollUpLimits = { decisionsMax: DECISIONS_MAX, runsMax: RUNS_MAX },
): Promise<boolean> {
  const hasMoreDecisions = await rollUpDecisions(store, nowMs, limits.decisionsMax);
  await nextTurn();
  const hasMoreRuns = await rollUpRuns(store, limits.runsMax);
  return hasMoreDecisions || hasMoreRuns;
}

async function rollUpDecisions(store: Store, nowMs: number, limit: number): Promise<boolean> {
  const progress = await readProgress(store.reader);
  const counted = await tallyDecisions(
    store.reader,
    countedTo(progress, nowMs),
    firstIdAt(nowMs - SETTLED_MS),
    limit,
  );
  const { lastId } = counted;
  if (lastId === null) return false;
  await nextTurn();
  const isMine = await store.transaction(async (tx) => {
    if (!(await advance(tx, progress.decidedTo, lastId))) return false;
    await addCells(tx, store.dialect, counted.tally.cells());
    return true;
  });
  return isMine && counted.rows === limit;
}

async function rollUpRuns(store: Store, limit: number): Promise<boolean> {
  const counted = await tallyRuns(store.reader, limit);
  if (counted.runs.length === 0) return false;
  await nextTurn();
  try {
    await store.transaction(async (tx) => {
      await raiseSteps(tx);
      if (!(await markCounted(tx, counted.runs))) throw new CountedElsewhere();
      await addCells(tx, store.dialect, counted.tally.cells());
    });
  } catch (error) {
    if (error instanceof CountedElsewhere) return false;
    throw error;
  }
  return counted.runs.length === limit;
}

/** Another node has counted some of the runs: the transaction is taken back whole. */
class CountedElsewhere extends Error {
  override readonly name = "CountedElsewhere";
}

export interface Progress {
  readonly decidedTo: string;
  readonly steps: number;
}

export async function readProgress(db: Reader): Promise<Progress> {
  const row = await db
    .selectFrom("stat_progress")
    .selectAll()
    .where("id", "=", PROGRESS_ID)
    .executeTakeFirst();
  return { decidedTo: row?.decided_to ?? "", steps: row?.steps ?? 0 };
}

/** The id after which decisions are not counted yet; what is older than every window never will be. */
export function countedTo(progress: Progress, nowMs: number): string {
  const oldest = firstIdAt(nowMs - KEPT_MS);
  return progress.decidedTo > oldest ? progress.decidedTo : oldest;
}

/** False when another node was faster. */
async function advance(tx: Tx, from: string, to: string): Promise<boolean> {
  await raiseSteps(tx);
  const result = await tx
    .updateTable("stat_progress")
    .set({ decided_to: to })
    .where("id", "=", PROGRESS_ID)
    .where("decided_to", "=", from)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Also keeps other nodes from counting until this transaction ends: they wait for the row. */
async function raiseSteps(tx: Tx): Promise<void> {
  await tx
    .insertInto("stat_progress")
    .values({ id: PROGRESS_ID, decided_to: "", steps: 1 })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet((row) => ({ steps: row("stat_progress.steps", "+", 1) })),
    )
    .execute();
}

const countShape = rowShape(
  "stat_count",
  ["series", "span", "at", "count"],
  "on conflict (series, span, at) do update set count = stat_count.count + excluded.count",
);
const seriesShape = rowShape("stat_series", ["id", "rule", "runbook", "measure", "value"]);

async function addCells(tx: Tx, dialect: Store["dialect"], cells: readonly Cell[]): Promise<void> {
  const ids = await seriesIds(tx, dialect, cells);
  const sums = new Map<string, { series: number; span: number; at: number; count: number }>();
  for (const cell of cells) {
    const series = ids.get(nameOf(cell)) ?? 0;
    for (const [span, at] of [
      [HOUR_SPAN, cell.hourMs],
      [DAY_SPAN, dayOf(cell.hourMs)],
    ] as const) {
      const key = `${series} ${span} ${at}`;
      const sum = sums.get(key) ?? { series, span, at, count: 0 };
      sum.count += cell.count;
      sums.set(key, sum);
    }
  }
  const rows = [...sums.values()].map(({ series, span, at, count }) => [series, span, at, count]);
  await insertRows(tx, dialect, countShape, rows);
}

/** The ids of the series, by name; those that are new are made. */
async function seriesIds(
  tx: Tx,
  dialect: Store["dialect"],
  cells: readonly Cell[],
): Promise<Map<string, number>> {
  const rules = [...new Set(cells.map((cell) => cell.rule ?? ""))];
  const known = await inParts(rules, (part) =>
    tx.selectFrom("stat_series").selectAll().where("rule", "in", part).execute(),
  );
  const ids = new Map(known.map((row) => [nameOf(row), row.id]));
  const missing = new Map(
    cells.map((cell) => [nameOf(cell), cell] as const).filter(([name]) => !ids.has(name)),
  );
  if (missing.size === 0) return ids;
  const newest = await tx
    .selectFrom("stat_series")
    .select("id")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  let id = newest?.id ?? 0;
  const rows = [...missing].map(([name, cell]) => {
    id += 1;
    ids.set(name, id);
    return [id, cell.rule ?? "", cell.runbook ?? "", cell.measure, cell.value];
  });
  await insertRows(tx, dialect, seriesShape, rows);
  return ids;
}

function nameOf({
  rule,
  runbook,
  measure,
  value,
}: Omit<Series, "measure"> & { readonly measure: string }): string {
  return JSON.stringify([rule ?? "", runbook ?? "", measure, value]);
}

/** Removes counts that no window reaches, of some series after this one. Returns where the next call goes on. */
export async function pruneCounts(store: Store, nowMs: number, afterSeries: number): Promise<number> {
  const last = await store.reader
    .selectFrom("stat_series")
    .select((it) => it.fn.max("id").as("id"))
    .executeTakeFirst();
  await store.transaction((tx) =>
    tx
      .deleteFrom("stat_count")
      .where("series", ">", afterSeries)
      .where("series", "<=", afterSeries + PRUNED_MAX)
      .where("at", "<", dayOf(nowMs - KEPT_MS))
      .execute(),
  );
  return afterSeries + PRUNED_MAX >= Number(last?.id ?? 0) ? 0 : afterSeries + PRUNED_MAX;
}
