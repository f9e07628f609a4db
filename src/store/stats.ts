import { sql } from "kysely";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Count, type Measure, MEASURES } from "../runs/statistics.ts";
import { tallyDecisions } from "./decision-tally.ts";
import { countedTo, DAY_SPAN, HOUR_SPAN, readProgress } from "./rollups.ts";
import { tallyRuns } from "./run-tally.ts";
import { inParts } from "./rows.ts";
import type { StatSeriesTable } from "./stat-tables.ts";
import type { Reader, Store } from "./store.ts";
import { type Cell, type Window, windowOf } from "./tally.ts";

/** What happened since the last roll-up is counted when it is asked for, but no more than this: it keeps the event loop. */
const TAIL_DECISIONS_MAX = 2_000;
const TAIL_RUNS_MAX = 500;
/** Series summed by one statement. */
const SERIES_MAX = 1_000;
/** Rules whose series are summed by one statement. */
const RULES_MAX = 16;
/** A roll-up that commits between two reads makes them worthless; it does so about once a minute. */
const TRIES_MAX = 4;
/** Sorts after every id. */
const AFTER_ALL_IDS = "~";

export interface StatisticsQuery {
  /** Lengths of the windows that end now, in days, such as 1, 7 and 30. At most 31. */
  readonly days: readonly number[];
  /** Only of these rules; null: of all, and of what no rule had to do with. */
  readonly rules: readonly string[] | null;
  readonly nowMs: number;
}

export interface StatisticsAnswer {
  /** In the order of the windows asked for. */
  readonly windows: readonly {
    readonly days: number;
    readonly fromMs: number;
    readonly counts: readonly Count[];
  }[];
  /** False while older rows wait to be counted: after an upgrade, or a storm of alerts. */
  readonly isComplete: boolean;
}

/** The counts of each window: what is rolled up, and what happened since. */
export async function readStatistics(store: Store, query: StatisticsQuery): Promise<StatisticsAnswer> {
  for (let tries = 1; ; tries += 1) {
    const before = await readProgress(store.reader);
    // The last try makes do with what is rolled up.
    const tail = tries === TRIES_MAX ? null : await readTail(store.reader, countedTo(before, query.nowMs));
    const windows = [];
    for (const days of query.days) {
      const window = windowOf(days, query.nowMs);
      const stored = await readStored(store.reader, window, query.rules);
      const fresh = (tail?.cells ?? []).filter((cell) => isWanted(cell, window, query.rules));
      windows.push({ days, fromMs: window.fromMs, counts: [...stored, ...fresh] });
    }
    const after = await readProgress(store.reader);
    if (tail === null) return { windows, isComplete: false };
    if (after.steps === before.steps) return { windows, isComplete: tail.isComplete };
  }
}

function isWanted(cell: Cell, window: Window, rules: readonly string[] | null): boolean {
  if (cell.hourMs < window.fromMs) return false;
  return rules === null || (cell.rule !== null && rules.includes(cell.rule));
}

async function readTail(db: Reader, afterId: string): Promise<{ cells: Cell[]; isComplete: boolean }> {
  const decisions = await tallyDecisions(db, afterId, AFTER_ALL_IDS, TAIL_DECISIONS_MAX);
  await nextTurn();
  const runs = await tallyRuns(db, TAIL_RUNS_MAX);
  await nextTurn();
  return {
    cells: [...decisions.tally.cells(), ...runs.tally.cells()],
    isComplete: decisions.rows < TAIL_DECISIONS_MAX && runs.runs.length < TAIL_RUNS_MAX,
  };
}

async function readStored(db: Reader, window: Window, rules: readonly string[] | null): Promise<Count[]> {
  const counts: Count[] = [];
  const add = (rows: readonly SummedRow[]) => {
    for (const { rule, runbook, measure, value, count } of rows)
      if (count > 0)
        counts.push({
          rule: rule === "" ? null : rule,
          runbook: runbook === "" ? null : runbook,
          measure: toMeasure(measure),
          value,
          count,
        });
  };
  if (rules !== null) {
    for (let from = 0; from < rules.length; from += RULES_MAX) {
      const part = rules.slice(from, from + RULES_MAX);
      add(await inParts(part, (names) => sumSeries(db, window).where("rule", "in", names).execute()));
      await nextTurn();
    }
    return counts;
  }
  for (let afterId = 0; ; ) {
    const rows = await sumSeries(db, window)
      .where("id", ">", afterId)
      .orderBy("id")
      .limit(SERIES_MAX)
      .execute();
    add(rows);
    await nextTurn();
    if (rows.length < SERIES_MAX) return counts;
    afterId = rows.at(-1)?.id ?? 0;
  }
}

type SummedRow = Pick<StatSeriesTable, "rule" | "runbook" | "measure" | "value"> & { readonly count: number };

/**
 * One sum for each series by its own range of the key: 4 ms for 1,400 series over 30 days, where grouping the same counts by
 * name took 48 ms.
 */
function sumSeries(db: Reader, window: Window) {
  const sumOf = (span: number, fromMs: number, toMs: number) =>
    sql`coalesce((select sum(count) from stat_count where series = stat_series.id and span = ${span} and at >= ${fromMs} and at < ${toMs}), 0)`;
  const hours = sumOf(HOUR_SPAN, window.fromMs, window.fromDayMs);
  const days = sumOf(DAY_SPAN, window.fromDayMs, Number.MAX_SAFE_INTEGER);
  return db
    .selectFrom("stat_series")
    .select(["id", "rule", "runbook", "measure", "value"])
    .select(sql<number>`cast(${hours} + ${days} as bigint)`.as("count"));
}

function toMeasure(text: string): Measure {
  const measure = MEASURES.find((known) => known === text);
  if (measure === undefined) throw new Error(`the statistics hold the measure ${text}, which is not known`);
  return measure;
}
