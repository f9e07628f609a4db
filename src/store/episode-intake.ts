import type { Labels } from "../alerts/alert.ts";
import type { EpisodeContext, EpisodeState } from "../runs/records.ts";
import { contextText, EPISODE_COLUMNS, type JudgedEpisode, pairsOf, toValues } from "./episode-row.ts";
import { insertRows, listShape, rowShape, selectInList, updateRows, updateShape } from "./rows.ts";
import type { EpisodeTable } from "./schema.ts";
import type { Tx } from "./store.ts";

// Episodes on the way in: few statements whatever the number of alerts.

/** What must be known of an open episode to apply a delivery to it; the rest is as the alert says. */
export interface OpenEpisode {
  readonly id: string;
  readonly identity: string;
  readonly startsAtMs: number;
  readonly startsAt: string;
  readonly openedAtMs: number;
  readonly lastFiringAtMs: number;
  readonly repeats: number;
  readonly deliveryId: string;
  readonly lastDecision: string | null;
  /** Annotations and context as stored, to see whether a repeat says anything new. */
  readonly content: string;
}

type OpenRow = Pick<
  EpisodeTable,
  "id" | "identity" | "starts_at" | "starts_at_text" | "opened_at" | "delivery_id" | "last_decision"
> & { readonly content: string; readonly last_firing_at: number | null; readonly repeats: number | null };

/** The order makes two nodes lock the same rows in the same order. */
const openShape = listShape(
  `select e.id, e.identity, e.starts_at, e.starts_at_text, e.opened_at, e.delivery_id, e.last_decision,
   e.annotations || e.context as content, p.last_firing_at, p.repeats
   from episode e left join episode_pulse p on p.episode_id = e.id where e.state = 'firing' and e.identity`,
  (dialect) => (dialect === "postgres" ? "order by e.identity for update of e" : ""),
);

/** The open episodes of these identities, locked until the transaction ends where the database has row locks. */
export async function findOpenEpisodes(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  identities: readonly string[],
): Promise<OpenEpisode[]> {
  const rows = await selectInList<OpenRow>(tx, dialect, openShape, identities.toSorted());
  return rows.map((row) => ({
    id: row.id,
    identity: row.identity,
    startsAtMs: row.starts_at,
    startsAt: row.starts_at_text,
    openedAtMs: row.opened_at,
    lastFiringAtMs: row.last_firing_at ?? row.opened_at,
    repeats: row.repeats ?? 0,
    deliveryId: row.delivery_id,
    lastDecision: row.last_decision,
    content: row.content,
  }));
}

const endsShape = listShape(
  "select identity, max(ends_at) as ends_at from episode where state <> 'firing' and state <> 'stale' and identity",
  () => "group by identity",
);

/**
 * When each identity's last episode ended by its sender's clock; identities that never had one are absent. One that became
 * stale has no end that is known: it may have fired all along.
 */
export async function findLastEnds(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  identities: readonly string[],
): Promise<Map<string, number>> {
  type EndRow = { readonly identity: string; readonly ends_at: number | null };
  const rows = await selectInList<EndRow>(tx, dialect, endsShape, identities);
  return new Map(rows.flatMap((row) => (row.ends_at === null ? [] : [[row.identity, row.ends_at] as const])));
}

const insertShape = rowShape("episode", EPISODE_COLUMNS);

export async function insertEpisodes(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  episodes: readonly JudgedEpisode[],
): Promise<void> {
  await insertRows(tx, dialect, insertShape, episodes.map(toValues));
}

export interface EpisodeContent {
  readonly id: string;
  readonly annotations: Labels;
  readonly context: EpisodeContext;
  readonly startsAtMs: number;
  readonly startsAt: string;
  readonly lastDecision: string | null;
}

const contentShape = updateShape("episode", [
  { name: "id", type: "text" },
  { name: "annotations", type: "text" },
  { name: "context", type: "text" },
  { name: "starts_at", type: "bigint" },
  { name: "starts_at_text", type: "text" },
  { name: "last_decision", type: "text" },
]);

/** What a later delivery says otherwise of an open alert. */
export async function updateEpisodeContents(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  contents: readonly EpisodeContent[],
): Promise<void> {
  const rows = contents.map((it) => [
    it.id,
    pairsOf(it.annotations),
    contextText(it.context),
    it.startsAtMs,
    it.startsAt,
    it.lastDecision,
  ]);
  await updateRows(tx, dialect, contentShape, rows);
}

export interface EpisodeEnd {
  readonly id: string;
  readonly state: Exclude<EpisodeState, "firing">;
  readonly endsAtMs: number;
  readonly closedAtMs: number;
}

const endShape = updateShape("episode", [
  { name: "id", type: "text" },
  { name: "state", type: "text" },
  { name: "ends_at", type: "bigint" },
  { name: "closed_at", type: "bigint" },
]);

/** Closes episodes that this transaction found open. */
export async function closeEpisodes(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  ends: readonly EpisodeEnd[],
): Promise<void> {
  const rows = ends.map((it) => [it.id, it.state, it.endsAtMs, it.closedAtMs]);
  await updateRows(tx, dialect, endShape, rows);
}

export interface Pulse {
  readonly episodeId: string;
  readonly lastFiringAtMs: number;
  /** Since the last pulse. */
  readonly repeats: number;
}

const pulseShape = rowShape(
  "episode_pulse",
  ["episode_id", "last_firing_at", "repeats"],
  `on conflict (episode_id) do update set last_firing_at = excluded.last_firing_at, repeats = episode_pulse.repeats + excluded.repeats`,
);

/** Counts repeats, at most one pulse for an episode in a call. */
export async function addPulses(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  pulses: readonly Pulse[],
): Promise<void> {
  await insertRows(
    tx,
    dialect,
    pulseShape,
    pulses.map((it) => [it.episodeId, it.lastFiringAtMs, it.repeats]),
  );
}
