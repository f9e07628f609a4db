import type { Series } from "../runs/statistics.ts";
import { inParts, insertRows, rowShape } from "./rows.ts";
import type { StatSeriesTable } from "./stat-tables.ts";
import type { Store, Tx } from "./store.ts";

/** Ids of series by their name. */
export type SeriesIds = Map<string, number>;

export function seriesName({ rule, runbook, measure, value }: Series | StatSeriesTable): string {
  return JSON.stringify([rule ?? "", runbook ?? "", measure, value]);
}

const shape = rowShape("stat_series", ["id", "rule", "runbook", "measure", "value"]);

/**
 * The ids of all these series; `known` ones are not asked for, new ones are made. The caller holds the lock on the progress of
 * the counting, so that nobody else makes any.
 */
export async function findSeries(
  tx: Tx,
  dialect: Store["dialect"],
  known: ReadonlyMap<string, number>,
  series: readonly Series[],
): Promise<SeriesIds> {
  const ids: SeriesIds = new Map();
  const missing = new Map<string, Series>();
  for (const each of series) {
    const name = seriesName(each);
    const id = known.get(name);
    if (id === undefined) missing.set(name, each);
    else ids.set(name, id);
  }
  if (missing.size === 0) return ids;
  const rules = [...new Set([...missing.values()].map(({ rule }) => rule ?? ""))];
  const rows = await inParts(rules, (part) =>
    tx.selectFrom("stat_series").selectAll().where("rule", "in", part).execute(),
  );
  for (const row of rows) {
    const name = seriesName(row);
    ids.set(name, row.id);
    missing.delete(name);
  }
  await makeSeries(tx, dialect, ids, missing);
  return ids;
}

async function makeSeries(
  tx: Tx,
  dialect: Store["dialect"],
  ids: SeriesIds,
  missing: ReadonlyMap<string, Series>,
): Promise<void> {
  const newest = await tx
    .selectFrom("stat_series")
    .select("id")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  let id = newest?.id ?? 0;
  const rows = [...missing].map(([name, { rule, runbook, measure, value }]) => {
    id += 1;
    ids.set(name, id);
    return [id, rule ?? "", runbook ?? "", measure, value];
  });
  await insertRows(tx, dialect, shape, rows);
}
