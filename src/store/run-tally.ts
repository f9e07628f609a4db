import { type Expression, sql } from "kysely";
import { fixTimeStep } from "../runs/statistics.ts";
import { inParts } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";
import { Tally } from "./tally.ts";

/** A run as it was counted; `counted` is what the statistics had of it before. */
interface UncountedRun {
  readonly id: string;
  readonly counted: number;
  readonly outcome: string | null;
}

export interface RunTally {
  readonly tally: Tally;
  readonly runs: readonly UncountedRun[];
}

/**
 * Counts ends and outcomes of runs that are not counted yet, in the hour in which each run ended. What is counted is marked
 * at the run itself, so that nothing depends on clocks: an outcome may come days after the end.
 */
export async function tallyRuns(db: Reader, limit: number): Promise<RunTally> {
  const rows = await selectUncounted(db, limit);
  const fixed = rows.filter((row) => row.outcome === "fixed");
  const fixTimes = await readFixTimes(db, fixed);
  const tally = new Tally();
  for (const row of rows) {
    const atMs = row.finished_at ?? 0;
    const about = { rule: row.rule, runbook: row.runbook };
    if (row.counted === 0) tally.add({ ...about, measure: "end", value: row.state }, atMs);
    if (row.outcome === null) continue;
    tally.add({ ...about, measure: "outcome", value: row.outcome }, atMs);
    const fixTimeMs = fixTimes.get(row.id);
    if (fixTimeMs !== undefined)
      tally.add({ ...about, measure: "fix_time", value: String(fixTimeStep(fixTimeMs)) }, atMs);
  }
  return { tally, runs: rows };
}

/** Marks the runs as counted. False when one of them was counted meanwhile: the caller takes everything back. */
export async function markCounted(tx: Tx, runs: readonly UncountedRun[]): Promise<boolean> {
  const groups = Map.groupBy(runs, (run) => `${run.counted} ${run.outcome === null ? 1 : 2}`);
  for (const [key, group] of groups) {
    const [before = 0, after = 0] = key.split(" ").map(Number);
    const ids = group.map((run) => run.id);
    const marked = await inParts(ids, (part) =>
      tx
        .updateTable("run")
        .set({ counted: after })
        .where("id", "in", part)
        .where("counted", "=", before)
        .returning("id")
        .execute(),
    );
    if (marked.length !== ids.length) return false;
  }
  return true;
}

/** The condition is that of the index, word for word: SQLite uses a partial index for no other. */
function selectUncounted(db: Reader, limit: number) {
  return db
    .selectFrom("run")
    .select(["id", "rule", "runbook", "state", "outcome", "counted", "finished_at", "episode_id", "group_id"])
    .where(sql<boolean>`finished_at is not null and (counted = 0 or (counted = 1 and outcome is not null))`)
    .orderBy("id")
    .limit(limit)
    .execute();
}

/**
 * From the start of an alert to our learning of its end, by run; over all members for the run of a group. The sender's start
 * counts, but never one later than our first receipt. Absent where an alert has not ended.
 */
async function readFixTimes(
  db: Reader,
  runs: readonly {
    readonly id: string;
    readonly episode_id: string | null;
    readonly group_id: string | null;
  }[],
): Promise<Map<string, number>> {
  const single = runs.filter((run) => run.group_id === null);
  const ofEpisodes = await inParts(
    single.flatMap((run) => run.episode_id ?? []),
    (part) =>
      db
        .selectFrom("episode")
        .select(["id", "closed_at"])
        .select((it) => startOf(it.ref("starts_at"), it.ref("opened_at")).as("start"))
        .where("id", "in", part)
        .execute(),
  );
  const ofGroups = await inParts([...new Set(runs.flatMap((run) => run.group_id ?? []))], (part) =>
    db
      .selectFrom("group_member")
      .innerJoin("episode", "episode.id", "group_member.episode_id")
      .select((it) => [
        "group_member.group_id as id",
        it.fn.min<number>(startOf(it.ref("episode.starts_at"), it.ref("episode.opened_at"))).as("start"),
        it.fn.max("episode.closed_at").as("closed_at"),
      ])
      .where("group_member.group_id", "in", part)
      .groupBy("group_member.group_id")
      .execute(),
  );
  const bySubject = new Map([...ofEpisodes, ...ofGroups].map((row) => [row.id, row]));
  return new Map(
    runs.flatMap((run) => {
      const times = bySubject.get(run.group_id ?? run.episode_id ?? "");
      if (times === undefined || times.closed_at === null) return [];
      return [[run.id, Number(times.closed_at) - Number(times.start)] as const];
    }),
  );
}

function startOf(startsAt: Expression<number>, openedAt: Expression<number>) {
  return sql<number>`case when ${startsAt} < ${openedAt} then ${startsAt} else ${openedAt} end`;
}
