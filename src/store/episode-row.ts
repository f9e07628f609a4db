import type { AlertNature, Labels } from "../alerts/alert.ts";
import type { Episode, EpisodeContext, EpisodeState } from "../runs/records.ts";
import type { Outcome } from "../runs/states.ts";
import type { EpisodePulseTable, EpisodeTable } from "./schema.ts";
import type { Reader } from "./store.ts";

// How an episode stands in its two tables.

/** An episode with what the last judgement of its alert came to, so that a repeat that changes nothing adds no row. */
export interface JudgedEpisode extends Episode {
  readonly lastDecision: string | null;
}

export const EPISODE_COLUMNS = [
  "id",
  "identity",
  "source",
  "fingerprint",
  "state",
  "nature",
  "labels",
  "annotations",
  "context",
  "starts_at",
  "starts_at_text",
  "generator_url",
  "opened_at",
  "ends_at",
  "closed_at",
  "delivery_id",
  "last_decision",
  "outcome",
] as const;

/** Every episode with its pulse, as {@link toEpisode} takes it. */
export function selectEpisodes(db: Reader) {
  return db
    .selectFrom("episode")
    .leftJoin("episode_pulse", "episode_id", "id")
    .select([...EPISODE_COLUMNS, "last_firing_at", "repeats"]);
}

export function toValues(episode: JudgedEpisode): (string | number | null)[] {
  return [
    episode.id,
    episode.identity,
    episode.source,
    episode.fingerprint,
    episode.state,
    episode.nature,
    pairsOf(episode.labels),
    pairsOf(episode.annotations),
    contextText(episode.context),
    episode.startsAtMs,
    episode.startsAt,
    episode.generatorUrl,
    episode.openedAtMs,
    episode.endsAtMs,
    episode.closedAtMs,
    episode.deliveryId,
    episode.lastDecision,
    episode.outcome,
  ];
}

export function pairsOf(labels: Labels): string {
  return JSON.stringify([...labels]);
}

export function contextText(context: EpisodeContext): string {
  return JSON.stringify([
    context.values === null ? null : [...context.values],
    context.receiver,
    context.truncatedAlerts,
  ]);
}

function readContext(text: string): EpisodeContext {
  const [values, receiver, truncatedAlerts] = JSON.parse(text) as [
    [string, number][] | null,
    string | null,
    number,
  ];
  return { values: values === null ? null : new Map(values), receiver, truncatedAlerts };
}

type EpisodeRow = EpisodeTable & {
  readonly [Column in "last_firing_at" | "repeats"]: EpisodePulseTable[Column] | null;
};

export function toEpisode(row: EpisodeRow): JudgedEpisode {
  return {
    id: row.id,
    identity: row.identity,
    source: row.source,
    fingerprint: row.fingerprint,
    state: row.state as EpisodeState,
    nature: row.nature as AlertNature,
    labels: new Map(JSON.parse(row.labels) as [string, string][]),
    annotations: new Map(JSON.parse(row.annotations) as [string, string][]),
    context: readContext(row.context),
    startsAtMs: row.starts_at,
    startsAt: row.starts_at_text,
    generatorUrl: row.generator_url,
    openedAtMs: row.opened_at,
    endsAtMs: row.ends_at,
    closedAtMs: row.closed_at,
    lastFiringAtMs: row.last_firing_at ?? row.opened_at,
    repeats: row.repeats ?? 0,
    deliveryId: row.delivery_id,
    lastDecision: row.last_decision,
    outcome: row.outcome as Outcome | null,
  };
}

/** What {@link OpenEpisode} compares a repeat with. */
export function contentOf(annotations: Labels, context: EpisodeContext): string {
  return pairsOf(annotations) + contextText(context);
}
