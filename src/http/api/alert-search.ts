import { selectorMatches } from "../../expressions/matchers.ts";
import { createTurns } from "../../platform/turns.ts";
import { type DecisionKind, REASONS } from "../../runs/reasons.ts";
import { EPISODE_STATES } from "../../runs/records.ts";
import { OUTCOMES } from "../../runs/states.ts";
import { listEpisodes } from "../../store/episode-list.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import type { Reader } from "../../store/store.ts";
import type { Page } from "./query.ts";
import { matchersParameter, pageKeys, textParameter, wordParameter } from "./query.ts";
import { z } from "zod";

/** That an alert repeated or closed is no last decision. */
const TELLING_KINDS = [
  "started",
  "waiting_person",
  "queued",
  "joined",
  "observed",
  "refused",
  "delayed",
  "no_match",
  "ignored",
] as const satisfies readonly DecisionKind[];

/** Alerts that are looked at for one page, and at once: matchers are judged here, not in the database. */
const LOOKED_AT_MAX = 10_000;
const AT_ONCE = 500;

/** `?status=firing&decision=refused&filter=severity="critical",team=~"web|api"`, a page of it. */
export const alertsQuery = z.strictObject({
  ...pageKeys(),
  status: wordParameter(EPISODE_STATES, "Only alerts that are so."),
  outcome: wordParameter(OUTCOMES, "Only alerts for which a run did that."),
  source: textParameter("Only alerts of this source."),
  decision: wordParameter(TELLING_KINDS, "Only alerts whose last decision is of this kind."),
  reason: wordParameter(REASONS, "Only alerts whose last decision has this reason."),
  rule: textParameter(
    "Only alerts that this rule has decided on; with `decision` or `reason`, whose last decision is of this rule.",
  ),
  filter: matchersParameter("alerts", `severity="critical",team=~"web|api"`),
});

export type AlertSearch = Page & Readonly<z.output<typeof alertsQuery>>;

export interface FoundAlerts {
  readonly items: readonly JudgedEpisode[];
  /** Where the search goes on; null at its end. A page may hold less than its limit, also nothing, and go on all the same. */
  readonly next: string | null;
}

/** Newest first. Of many alerts that do not fit, as many are looked at as one page may cost; the next page goes on behind them. */
export async function searchAlerts(db: Reader, search: AlertSearch): Promise<FoundAlerts> {
  const { limit, filter, status: state, source, outcome, decision, reason, rule } = search;
  const wanted = { state, source, outcome, decision, reason, rule };
  const items: JudgedEpisode[] = [];
  let after = search.after;
  const turn = createTurns();
  const atOnce = filter.length === 0 ? limit + 1 : AT_ONCE;
  for (let looked = 0; looked < LOOKED_AT_MAX; looked += atOnce) {
    const some = await listEpisodes(db, atOnce, after, wanted);
    for (const episode of some) {
      // One more than fits: there is another page.
      if (items.length === limit) return { items, next: after };
      after = episode.id;
      await turn();
      if (selectorMatches(filter, episode.labels)) items.push(episode);
    }
    if (some.length < atOnce) return { items, next: null };
  }
  return { items, next: after };
}
