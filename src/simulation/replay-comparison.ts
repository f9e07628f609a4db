import {
  type DecisionFacts,
  type EpisodeKey,
  readDecisionFacts,
  readEpisodesAfter,
  readEpisodesOfIdentities,
} from "../store/recorded.ts";
import type { Reader } from "../store/store.ts";
import { firstIdAt } from "./recorded-feed.ts";

/** How many alerts came to what, before and after. */
export interface Tally {
  /** Null: no rule matched. */
  readonly rule: string | null;
  /** Such as `started`, `delayed:cooldown`, `no_match`. */
  readonly decision: string;
  readonly before: number;
  readonly after: number;
}

/** An alert that comes to something else. */
export interface Example {
  readonly labels: ReadonlyMap<string, string>;
  readonly openedAtMs: number;
  /** What each rule decided, in order, such as `delayed:web-latency:cooldown`. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface Comparison {
  /** Alerts that both sides know: firing periods, not deliveries. */
  readonly alerts: number;
  readonly different: number;
  /** Alerts that only one side opened: they were firing already when the window began, or ended otherwise. */
  readonly onlyBefore: number;
  readonly onlyAfter: number;
  readonly tallies: readonly Tally[];
  readonly examples: readonly Example[];
}

export interface ComparisonOptions {
  readonly before: Reader;
  readonly after: Reader;
  readonly sinceMs: number;
  readonly examplesMax: number;
}

const EPISODES_AT_ONCE = 500;

/** Compares what two databases decided on the same alerts. Read in pages. */
export async function compareFates(options: ComparisonOptions): Promise<Comparison> {
  const { before, after, sinceMs, examplesMax } = options;
  const tallies = new Map<string, { rule: string | null; decision: string; before: number; after: number }>();
  const count = (fates: readonly Fate[], side: "before" | "after") => {
    for (const { rule, decision } of fates) {
      const key = JSON.stringify([rule, decision]);
      const tally = tallies.get(key) ?? { rule, decision, before: 0, after: 0 };
      tally[side] += 1;
      tallies.set(key, tally);
    }
  };
  const totals = { alerts: 0, different: 0, onlyBefore: 0, onlyAfter: 0 };
  const examples: Example[] = [];
  for await (const page of pages(after, "")) {
    const partners = await partnersIn(before, page);
    totals.onlyAfter += page.filter((episode) => !partners.has(episode.id)).length;
    const fatesAfter = await fatesOf(after, [...partners.keys()]);
    const fatesBefore = await fatesOf(before, [...partners.values()]);
    for (const episode of page) {
      const partner = partners.get(episode.id);
      if (partner === undefined) continue;
      const [was, is] = [fatesBefore.get(partner) ?? [], fatesAfter.get(episode.id) ?? []];
      totals.alerts += 1;
      count(distinct(was), "before");
      count(distinct(is), "after");
      const [wasTexts, isTexts] = [was.map(fateText), is.map(fateText)];
      if (wasTexts.join("\n") === isTexts.join("\n")) continue;
      totals.different += 1;
      if (examples.length < examplesMax)
        examples.push({
          labels: episode.labels,
          openedAtMs: episode.openedAtMs,
          before: wasTexts,
          after: isTexts,
        });
    }
  }
  for await (const page of pages(before, firstIdAt(sinceMs)))
    totals.onlyBefore += page.length - (await partnersIn(after, page)).size;
  return { ...totals, tallies: sorted([...tallies.values()]), examples };
}

async function* pages(db: Reader, fromId: string): AsyncGenerator<readonly EpisodeKey[]> {
  let afterId = fromId;
  for (;;) {
    const page = await readEpisodesAfter(db, afterId, EPISODES_AT_ONCE);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    afterId = last.id;
  }
}

/** The ids of the same episodes in the other database, by their ids here. */
async function partnersIn(db: Reader, episodes: readonly EpisodeKey[]): Promise<ReadonlyMap<string, string>> {
  const keyOf = ({ identity, deliveryId }: Pick<EpisodeKey, "identity" | "deliveryId">) =>
    `${deliveryId} ${identity}`;
  const identities = [...new Set(episodes.map(({ identity }) => identity))];
  const found = await readEpisodesOfIdentities(db, identities);
  const ids = new Map(found.map((episode) => [keyOf(episode), episode.id]));
  return new Map(
    episodes.flatMap((episode) => {
      const id = ids.get(keyOf(episode));
      return id === undefined ? [] : [[episode.id, id] as const];
    }),
  );
}

/** What one rule came to for one alert. */
interface Fate {
  readonly rule: string | null;
  readonly decision: string;
}

/** Kinds that tell of deliveries and ends of alerts rather than of what rules came to. */
const UNTOLD: ReadonlySet<string> = new Set(["closed", "repeat"]);

async function fatesOf(db: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, readonly Fate[]>> {
  const decisions = (await readDecisionFacts(db, ids)).filter(({ kind }) => !UNTOLD.has(kind));
  const byEpisode = Map.groupBy(decisions, ({ episodeId }) => episodeId);
  return new Map([...byEpisode].map(([id, each]) => [id, withoutRepetitions(each)]));
}

/** The same again, one after the other, is one. */
function withoutRepetitions(decisions: readonly DecisionFacts[]): Fate[] {
  const fates = decisions.map(({ rule, kind, reason }) => ({
    rule,
    decision: reason === null ? kind : `${kind}:${reason}`,
  }));
  return fates.filter((fate, index) => {
    const earlier = fates[index - 1];
    return earlier === undefined || fateText(earlier) !== fateText(fate);
  });
}

function distinct(fates: readonly Fate[]): Fate[] {
  return [...new Map(fates.map((fate) => [fateText(fate), fate])).values()];
}

function fateText({ rule, decision }: Fate): string {
  const [kind, reason] = decision.split(":");
  return [kind, rule, reason].filter((part) => part !== null && part !== undefined).join(":");
}

/** By rule, alerts without any rule last. */
function sorted(tallies: readonly Tally[]): Tally[] {
  const order = ({ rule, decision }: Tally) => `${rule === null ? 1 : 0} ${rule ?? ""} ${decision}`;
  return tallies.toSorted((left, right) => (order(left) < order(right) ? -1 : 1));
}
