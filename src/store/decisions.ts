import type { Decision } from "../runs/records.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import { inParts, insertRows, rowShape } from "./rows.ts";
import type { DecisionTable } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

const shape = rowShape("decision", [
  "id",
  "delivery_id",
  "episode_id",
  "at",
  "kind",
  "rule",
  "reason",
  "run_id",
  "detail",
  "catalog_digest",
]);

export async function insertDecisions(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  decisions: readonly Decision[],
): Promise<void> {
  const rows = decisions.map((it) => [
    it.id,
    it.deliveryId,
    it.episodeId,
    it.atMs,
    it.kind,
    it.rule,
    it.reason,
    it.runId,
    JSON.stringify(it.detail),
    it.catalogDigest,
  ]);
  await insertRows(tx, dialect, shape, rows);
}

/** All decisions of an episode, oldest first. */
export async function readDecisions(db: Reader, episodeId: string): Promise<Decision[]> {
  const rows = await db
    .selectFrom("decision")
    .selectAll()
    .where("episode_id", "=", episodeId)
    .orderBy("id")
    .execute();
  return rows.map(toDecision);
}

export function toDecision(row: DecisionTable): Decision {
  return {
    id: row.id,
    deliveryId: row.delivery_id,
    episodeId: row.episode_id,
    atMs: row.at,
    kind: row.kind as DecisionKind,
    rule: row.rule,
    reason: row.reason as Reason | null,
    runId: row.run_id,
    detail: JSON.parse(row.detail) as Record<string, unknown>,
    catalogDigest: row.catalog_digest,
  };
}

/** When a rule last decided on each of these episodes; those it never decided on are absent. */
export async function readDecidedAt(
  db: Reader,
  episodeIds: readonly string[],
  rule: string | null,
): Promise<Map<string, number>> {
  const rows = await inParts(episodeIds, (part) =>
    db
      .selectFrom("decision")
      .select("episode_id")
      .select((it) => it.fn.max("at").as("at"))
      .where("episode_id", "in", part)
      .where("rule", "=", rule)
      .groupBy("episode_id")
      .execute(),
  );
  return new Map(rows.map((row) => [row.episode_id ?? "", Number(row.at)]));
}

/** Whether a rule has begun something for an episode itself, rather than let it join what was under way. */
export async function hasBegunItself(db: Reader, episodeId: string, rule: string): Promise<boolean> {
  const row = await db
    .selectFrom("decision")
    .select("id")
    .where("episode_id", "=", episodeId)
    .where("rule", "=", rule)
    .where("kind", "in", ["started", "queued", "waiting_person"])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
