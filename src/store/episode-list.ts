import type { EpisodeState } from "../runs/records.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import type { Outcome } from "../runs/states.ts";
import { type JudgedEpisode, selectEpisodes, toEpisode } from "./episode-row.ts";
import { readEpisodes } from "./episodes.ts";
import { isLastDecision } from "./last-decisions.ts";
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
  const { decision, reason, rule, ...own } = filter;
  if (decision !== null || reason !== null || rule !== null) return listDecided(db, limit, before, filter);
  let query = selectEpisodes(db).orderBy("id", "desc").limit(limit);
  if (before !== null) query = query.where("id", "<", before);
  if (own.state !== null) query = query.where("state", "=", own.state);
  if (own.source !== null) query = query.where("source", "=", own.source);
  if (own.outcome !== null) query = query.where("outcome", "=", own.outcome);
  return (await query.execute()).map(toEpisode);
}

/** Found by their decisions, which have indexes in the order of the list. */
async function listDecided(
  db: Reader,
  limit: number,
  before: string | null,
  { decision, reason, rule, state, source, outcome }: EpisodeFilter,
): Promise<JudgedEpisode[]> {
  let query = db
    .selectFrom("decision as it")
    .innerJoin("episode", "episode.id", "it.episode_id")
    .select("it.episode_id")
    .distinct()
    .orderBy("it.episode_id", "desc")
    .limit(limit);
  if (before !== null) query = query.where("it.episode_id", "<", before);
  if (decision !== null) query = query.where("it.kind", "=", decision);
  if (reason !== null) query = query.where("it.reason", "=", reason);
  if (rule !== null) query = query.where("it.rule", "=", rule);
  if (decision !== null || reason !== null) query = query.where(isLastDecision());
  if (state !== null) query = query.where("episode.state", "=", state);
  if (source !== null) query = query.where("episode.source", "=", source);
  if (outcome !== null) query = query.where("episode.outcome", "=", outcome);
  const ids = (await query.execute()).map((row) => row.episode_id ?? "");
  return (await readEpisodes(db, ids)).reverse();
}
