import { type Expression, expressionBuilder, type RawBuilder, sql, type SqlBool } from "kysely";
import type { EpisodeState } from "../runs/records.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import type { Outcome } from "../runs/states.ts";
import { type JudgedEpisode, selectEpisodes, toEpisode } from "./episode-row.ts";
import { readEpisodes } from "./episodes.ts";
import { isLastDecision } from "./last-decisions.ts";
import type { DecisionTable } from "./schema.ts";
import type { Reader } from "./store.ts";

/** Which episodes a list holds; null where it does not matter. */
export interface EpisodeFilter {
  readonly state: EpisodeState | null;
  readonly source: string | null;
  readonly outcome: Outcome | null;
  /** Kind and reason of the last decision. */
  readonly decision: DecisionKind | null;
  readonly reason: Reason | null;
  /** The rule of that decision; where neither kind nor reason is asked for, a rule that has decided anything about it. */
  readonly rule: string | null;
}

export const ALL_EPISODES: EpisodeFilter = {
  state: null,
  source: null,
  outcome: null,
  decision: null,
  reason: null,
  rule: null,
};

/** Newest first, after `before` (an id) where given. */
export async function listEpisodes(
  db: Reader,
  limit: number,
  before: string | null,
  filter: EpisodeFilter = ALL_EPISODES,
): Promise<JudgedEpisode[]> {
  const { state, source, outcome } = filter;
  const isDecided = filter.decision !== null || filter.reason !== null || filter.rule !== null;
  // Few of all alerts fire, or have an outcome: it is they that are gone through, not all that was ever decided.
  if (isDecided && state !== "firing" && outcome === null) return listDecided(db, limit, before, filter);
  let query = selectEpisodes(db).orderBy("id", "desc").limit(limit);
  if (before !== null) query = query.where("id", "<", before);
  if (state === "firing") query = query.where("id", "in", firingIds());
  else if (state !== null) query = query.where("state", "=", state);
  if (source !== null) query = query.where("source", "=", source);
  if (outcome !== null) query = query.where("outcome", "=", outcome);
  if (isDecided)
    query = query.where((from) =>
      from.exists(
        from
          .selectFrom("decision as it")
          .select("it.id")
          .whereRef("it.episode_id", "=", "episode.id")
          .where(isDecision(filter)),
      ),
    );
  return (await query.execute()).map(toEpisode);
}

/**
 * Found by the index of those that fire, which SQLite takes only where it reads the word itself, and nothing is to be sorted. Asked in the
 * order of the list, it walks through all alerts that there ever were: 100 ms of 300,000. Exported for a test that looks at how.
 */
export function firingIds(): RawBuilder<string> {
  return sql<string>`(select open.id from episode as open where open.state = 'firing')`;
}

/** Found by their decisions, which have indexes in the order of the list. */
async function listDecided(
  db: Reader,
  limit: number,
  before: string | null,
  filter: EpisodeFilter,
): Promise<JudgedEpisode[]> {
  const { state, source } = filter;
  let query = db
    .selectFrom("decision as it")
    .innerJoin("episode", "episode.id", "it.episode_id")
    .select("it.episode_id")
    .where(isDecision(filter))
    .distinct()
    .orderBy("it.episode_id", "desc")
    .limit(limit);
  if (before !== null) query = query.where("it.episode_id", "<", before);
  if (state !== null) query = query.where("episode.state", "=", state);
  if (source !== null) query = query.where("episode.source", "=", source);
  const ids = (await query.execute()).map((row) => row.episode_id ?? "");
  return (await readEpisodes(db, ids)).reverse();
}

/** Whether the decision called `it` is one that was asked for. */
function isDecision({ decision, reason, rule }: EpisodeFilter): Expression<SqlBool> {
  const eb = expressionBuilder<{ it: DecisionTable }, "it">();
  const wanted = [
    ...(decision === null ? [] : [eb("it.kind", "=", decision)]),
    ...(reason === null ? [] : [eb("it.reason", "=", reason)]),
    ...(rule === null ? [] : [eb("it.rule", "=", rule)]),
  ];
  return eb.and(decision === null && reason === null ? wanted : [...wanted, isLastDecision()]);
}
