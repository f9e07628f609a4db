import { decisionValue } from "../runs/statistics.ts";
import { inParts } from "./rows.ts";
import type { Reader } from "./store.ts";
import { Tally } from "./tally.ts";

/** Decisions counted by hour, and the last of them: where the next count goes on. */
export interface DecisionTally {
  readonly tally: Tally;
  readonly lastId: string | null;
  /** Fewer than the limit means that there are no more for now. */
  readonly rows: number;
}

/**
 * Counts the next decisions after an id and before another one. An alert is counted where it was first decided on: later
 * decisions of the same rule on it add to the decisions alone, also when they come in a later hour.
 */
export async function tallyDecisions(
  db: Reader,
  afterId: string,
  beforeId: string,
  limit: number,
): Promise<DecisionTally> {
  const rows = await selectDecisions(db, afterId, beforeId, limit);
  const tally = new Tally();
  for (const row of rows) {
    const about = { rule: row.rule, runbook: null };
    tally.add({ ...about, measure: "decision", value: decisionValue(row.kind, row.reason) }, row.at);
    if (row.is_first === 1) tally.add({ rule: null, runbook: null, measure: "episode", value: "" }, row.at);
    if (row.is_first_of_rule === 1) tally.add({ ...about, measure: "episode", value: "" }, row.at);
  }
  await tallySelfResolved(
    db,
    tally,
    rows.filter((row) => row.kind === "closed"),
  );
  return { tally, lastId: rows.at(-1)?.id ?? null, rows: rows.length };
}

type DecisionRow = Awaited<ReturnType<typeof selectDecisions>>[number];

function selectDecisions(db: Reader, afterId: string, beforeId: string, limit: number) {
  return db
    .selectFrom("decision as it")
    .select(["it.id", "it.at", "it.kind", "it.rule", "it.reason", "it.episode_id"])
    .select((select) => {
      const earlier = select
        .selectFrom("decision as earlier")
        .select("earlier.id")
        .whereRef("earlier.episode_id", "=", "it.episode_id")
        .whereRef("earlier.id", "<", "it.id");
      return [
        select
          .case()
          .when(select.or([select("it.episode_id", "is", null), select.exists(earlier)]))
          .then(select.lit(0))
          .else(select.lit(1))
          .end()
          .as("is_first"),
        select
          .case()
          .when(
            select.or([
              select("it.episode_id", "is", null),
              select("it.rule", "is", null),
              select.exists(earlier.whereRef("earlier.rule", "=", "it.rule")),
            ]),
          )
          .then(select.lit(0))
          .else(select.lit(1))
          .end()
          .as("is_first_of_rule"),
      ];
    })
    .where("it.id", ">", afterId)
    .where("it.id", "<", beforeId)
    .orderBy("it.id")
    .limit(limit)
    .execute();
}

/** Alerts that ended by a recovery, that nothing had run for, and that a rule in `observe` would have run something for. */
async function tallySelfResolved(db: Reader, tally: Tally, closings: readonly DecisionRow[]): Promise<void> {
  const episodeIds = [...new Set(closings.flatMap((row) => row.episode_id ?? []))];
  const rows = await inParts(episodeIds, (part) =>
    db
      .selectFrom("decision as it")
      .innerJoin("episode", "episode.id", "it.episode_id")
      .select(["it.id", "it.episode_id", "it.kind", "it.rule", "it.reason", "it.run_id", "it.detail"])
      .where("it.episode_id", "in", part)
      .where("episode.state", "=", "resolved")
      .where((where) =>
        where.or([where("it.kind", "in", ["observed", "closed"]), where("it.run_id", "is not", null)]),
      )
      .execute(),
  );
  const byEpisode = Map.groupBy(rows, (row) => row.episode_id);
  for (const closing of closings) {
    const before = (byEpisode.get(closing.episode_id) ?? []).filter((row) => row.id < closing.id);
    if (before.some((row) => row.run_id !== null || row.kind === "closed")) continue;
    const rules = new Set(before.flatMap((row) => (wouldRun(row) ? (row.rule ?? []) : [])));
    for (const rule of rules.size === 0 ? [] : [null, ...rules])
      tally.add({ rule, runbook: null, measure: "self_resolved", value: "" }, closing.at);
  }
}

function wouldRun(row: {
  readonly kind: string;
  readonly reason: string | null;
  readonly detail: string;
}): boolean {
  if (row.kind !== "observed" || row.reason !== null) return false;
  const detail: unknown = JSON.parse(row.detail);
  return typeof detail === "object" && detail !== null && "would_run" in detail && detail.would_run !== null;
}
