import type { Decision } from "../runs/records.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import type { EpisodeState } from "../runs/records.ts";
import { toDecision } from "./decisions.ts";
import { inParts } from "./rows.ts";
import type { Reader } from "./store.ts";

// What simulations read: recorded deliveries and decisions in pages, and what happened between two looks.

export interface RecordedDelivery {
  readonly id: string;
  readonly source: string;
  readonly receivedAtMs: number;
  /** Null for a delivery that only repeated what was stored before. */
  readonly body: Uint8Array | null;
}

/** The next deliveries after the given id, in the order in which they were committed. */
export async function readDeliveriesAfter(
  db: Reader,
  afterId: string,
  limit: number,
): Promise<RecordedDelivery[]> {
  const rows = await db
    .selectFrom("delivery")
    .select(["id", "source", "received_at", "body"])
    .where("id", ">", afterId)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    source: row.source,
    receivedAtMs: row.received_at,
    body: row.body,
  }));
}

export async function countDeliveriesAfter(db: Reader, afterId: string): Promise<number> {
  const row = await db
    .selectFrom("delivery")
    .select((it) => it.fn.countAll().as("count"))
    .where("id", ">", afterId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Decisions made after the one with this id, oldest first. */
export async function readDecisionsAfter(db: Reader, afterId: string, limit: number): Promise<Decision[]> {
  const rows = await db
    .selectFrom("decision")
    .selectAll()
    .where("id", ">", afterId)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(toDecision);
}

/** One decision as far as what became of an alert depends on it. */
export interface DecisionFacts {
  readonly episodeId: string;
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
}

/** The decisions on these episodes, each episode's oldest first. */
export async function readDecisionFacts(db: Reader, episodeIds: readonly string[]): Promise<DecisionFacts[]> {
  const rows = await inParts(episodeIds, (part) =>
    db
      .selectFrom("decision")
      .select(["episode_id", "kind", "rule", "reason"])
      .where("episode_id", "in", part)
      .orderBy("episode_id")
      .orderBy("id")
      .execute(),
  );
  return rows.map((row) => ({
    episodeId: row.episode_id ?? "",
    kind: row.kind as DecisionKind,
    rule: row.rule,
    reason: row.reason as Reason | null,
  }));
}

/** What tells an episode in one database from the same one in another: which delivery opened it for which identity. */
export interface EpisodeKey {
  readonly id: string;
  readonly identity: string;
  readonly deliveryId: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly openedAtMs: number;
}

/** Episodes after the given id, in the order in which they opened. */
export async function readEpisodesAfter(db: Reader, afterId: string, limit: number): Promise<EpisodeKey[]> {
  const rows = await db
    .selectFrom("episode")
    .select(["id", "identity", "delivery_id", "labels", "opened_at"])
    .where("id", ">", afterId)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    identity: row.identity,
    deliveryId: row.delivery_id,
    labels: new Map(JSON.parse(row.labels) as [string, string][]),
    openedAtMs: row.opened_at,
  }));
}

/** Episodes of these identities, whatever their state; only what a comparison needs. */
export async function readEpisodesOfIdentities(
  db: Reader,
  identities: readonly string[],
): Promise<Pick<EpisodeKey, "id" | "identity" | "deliveryId">[]> {
  const rows = await inParts(identities, async (part) => {
    // Two queries, since each of the two indexes of identities holds one of the two kinds of states.
    const columns = db.selectFrom("episode").select(["id", "identity", "delivery_id"]);
    const firing = await columns.where("identity", "in", part).where("state", "=", "firing").execute();
    const over = await columns.where("identity", "in", part).where("state", "<>", "firing").execute();
    return [...firing, ...over];
  });
  return rows.map((row) => ({ id: row.id, identity: row.identity, deliveryId: row.delivery_id }));
}

/** Ends of alerts that no delivery told: asked for, or given up on. */
export interface UnseenEnd {
  readonly identity: string;
  readonly state: EpisodeState;
  readonly atMs: number;
}

/** The unseen ends decided after this id and up to that time, oldest first, with the id of the last one. */
export async function readUnseenEnds(
  db: Reader,
  afterId: string,
  limit: number,
): Promise<(UnseenEnd & { id: string })[]> {
  const rows = await db
    .selectFrom("decision")
    .innerJoin("episode", "episode.id", "decision.episode_id")
    .select(["decision.id", "decision.at", "episode.identity", "episode.state"])
    .where("decision.id", ">", afterId)
    .where("decision.kind", "=", "closed")
    .where("decision.delivery_id", "is", null)
    .orderBy("decision.id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    identity: row.identity,
    state: row.state as EpisodeState,
    atMs: row.at,
  }));
}

/** Newest first: runbooks, and how long their runs took that were begun and succeeded. */
export async function readRunDurations(
  db: Reader,
  limit: number,
): Promise<{ runbook: string; durationMs: number }[]> {
  const rows = await db
    .selectFrom("run")
    .select(["runbook", "started_at", "finished_at"])
    .where("state", "=", "succeeded")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    runbook: row.runbook,
    durationMs: Math.max(0, (row.finished_at ?? 0) - (row.started_at ?? row.finished_at ?? 0)),
  }));
}

/** Whether an alert of the source with this fingerprint is open, whatever organisation it belongs to. */
export async function isAlertOpen(db: Reader, source: string, fingerprint: string): Promise<boolean> {
  const prefix = `${fingerprint}/${source}/`;
  const row = await db
    .selectFrom("episode")
    .select("id")
    .where("state", "=", "firing")
    .where("identity", ">=", prefix)
    // The character after the slash: everything that begins with the prefix lies before it.
    .where("identity", "<", `${fingerprint}/${source}0`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether any run waits for its start; cheaper than trying to claim one. */
export async function isAnyRunQueued(db: Reader): Promise<boolean> {
  const row = await db
    .selectFrom("run")
    .select("id")
    .where("state", "=", "queued")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
