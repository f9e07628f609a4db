import { selectorMatches } from "../../expressions/matchers.ts";
import { EPISODE_STATES, type EpisodeState } from "../../runs/records.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { listEpisodes } from "../../store/episodes.ts";
import type { Reader } from "../../store/store.ts";
import type { Page } from "./query.ts";
import { matchersParameter, pageKeys, wordParameter } from "./query.ts";
import { z } from "zod";

/** Alerts that are looked at for one page, and at once: matchers are judged here, not in the database. */
const LOOKED_AT_MAX = 10_000;
const AT_ONCE = 500;

/** `?status=firing&filter=severity="critical",team=~"web|api"`, a page of it. */
export const alertsQuery = z.strictObject({
  ...pageKeys(),
  status: wordParameter(EPISODE_STATES, "Only alerts that are so."),
  filter: matchersParameter("alerts", `severity="critical",team=~"web|api"`),
});

export interface AlertSearch extends Page {
  readonly status: EpisodeState | null;
  readonly filter: z.output<typeof alertsQuery>["filter"];
}

export interface FoundAlerts {
  readonly items: readonly JudgedEpisode[];
  /** Where the search goes on; null at its end. A page may hold less than its limit, also nothing, and go on all the same. */
  readonly next: string | null;
}

/** Newest first. Of many alerts that do not fit, as many are looked at as one page may cost; the next page goes on behind them. */
export async function searchAlerts(db: Reader, search: AlertSearch): Promise<FoundAlerts> {
  const { limit, status, filter } = search;
  const items: JudgedEpisode[] = [];
  let after = search.after;
  const atOnce = filter.length === 0 ? limit + 1 : AT_ONCE;
  for (let looked = 0; looked < LOOKED_AT_MAX; looked += atOnce) {
    const some = await listEpisodes(db, atOnce, after, status);
    for (const episode of some) {
      // One more than fits: there is another page.
      if (items.length === limit) return { items, next: after };
      after = episode.id;
      if (selectorMatches(filter, episode.labels)) items.push(episode);
    }
    if (some.length < atOnce) return { items, next: null };
  }
  return { items, next: after };
}
