import { type ExpressionBuilder, sql } from "kysely";
import { firstIdAt } from "../platform/ids.ts";
import type { EvidenceRemoval } from "../runs/records.ts";
import { isFinal, RUN_STATES } from "../runs/states.ts";
import { bundleRemoval, noteRemovals, runRemoval } from "./archive-removals.ts";
import { inParts } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

// Which runs, and whose evidence, are old enough to go. Looked at in the order of their ids, which is that of their making, a
// bounded number at a time. What something unfinished still needs is passed over, however old it is.

export interface Page {
  /** Goes on behind this id. */
  readonly afterId: string;
  readonly limit: number;
}

export interface ExpiredRun {
  readonly id: string;
  readonly runbook: string;
  readonly runbookDigest: string;
}

const FINAL_STATES = RUN_STATES.filter(isFinal);
const LIVE_STATES = RUN_STATES.filter((state) => !isFinal(state));

type RunExpression = ExpressionBuilder<Schema, "run">;

/** Nothing that is unfinished needs it: no live run, no open alert or group, no work left over, no ladder that may go on. */
function isUnneeded(where: RunExpression, nowMs: number) {
  const has = (query: Parameters<RunExpression["exists"]>[0]) => where.not(where.exists(query));
  const one = sql.lit(1).as("one");
  return where.and([
    // Hidden from the index of states: with it every run is read and sorted, for each page anew.
    where(where.fn.coalesce("run.state", where.val("")), "in", FINAL_STATES),
    where("run.finished_at", "is not", null),
    // The statistics have all of it.
    where.or([
      where("run.counted", "=", 2),
      where.and([where("run.counted", "=", 1), where("run.outcome", "is", null)]),
    ]),
    has(
      where
        .selectFrom("outbox")
        .select(one)
        .whereRef("outbox.run_id", "=", "run.id")
        .where("outbox.done_at", "is", null),
    ),
    has(
      where
        .selectFrom("timer")
        .select(one)
        .where("timer.kind", "in", ["verify", "follow_up", "ladder"])
        .whereRef("timer.subject", "=", "run.id"),
    ),
    has(
      where
        .selectFrom("silence")
        .select(one)
        .whereRef("silence.run_id", "=", "run.id")
        .where("silence.lifted_at", "is", null)
        .where("silence.ends_at", ">", nowMs),
    ),
    has(
      where
        .selectFrom("episode")
        .select(one)
        .whereRef("episode.id", "=", "run.episode_id")
        .where("episode.state", "=", "firing"),
    ),
    has(
      where
        .selectFrom("alert_group")
        .select(one)
        .whereRef("alert_group.id", "=", "run.group_id")
        .where("alert_group.closed_at", "is", null),
    ),
  ]);
}

/** Runs that may go altogether. Pinned ones are passed over when `keepsPinned`. */
export async function findExpiredRuns(
  db: Reader,
  cut: { readonly beforeMs: number; readonly nowMs: number; readonly keepsPinned: boolean },
  page: Page,
): Promise<ExpiredRun[]> {
  let query = db
    .selectFrom("run")
    .select(["run.id", "run.runbook", "run.runbook_digest"])
    .where("run.id", ">", page.afterId)
    .where("run.id", "<", firstIdAt(cut.beforeMs))
    .where("run.finished_at", "<", cut.beforeMs)
    .where((where) => isUnneeded(where, cut.nowMs))
    .where("run.id", "not in", (ladders) =>
      ladders.selectFrom("ladder").select("ladder.run_id").where("ladder.at", ">=", cut.beforeMs),
    );
  if (cut.keepsPinned) query = query.where("run.pinned_at", "is", null);
  const rows = await query.orderBy("run.id").limit(page.limit).execute();
  return rows.map((row) => ({ id: row.id, runbook: row.runbook, runbookDigest: row.runbook_digest }));
}

/** Of these runs those that nobody pinned meanwhile; nobody can until the transaction ends. */
export async function lockUnpinned(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  ids: readonly string[],
): Promise<string[]> {
  if (dialect === "sqlite" || ids.length === 0) return [...ids];
  const rows = await tx
    .selectFrom("run")
    .select("id")
    .where("id", "in", ids)
    .where("pinned_at", "is", null)
    .orderBy("id")
    .forUpdate()
    .execute();
  return rows.map((row) => row.id);
}

const PARTS_OF_RUN = [
  "attempt",
  "step",
  "run_problem",
  "bundle",
  "outbox",
  "approval",
  "run_lock",
  "run_host",
  "run_input",
  "run_note",
  "start_key",
  "silence",
] as const;

/** Removes runs with everything recorded of them but their files' rows, which go with the files: {@link forgetEvidence} goes before. */
export async function deleteRuns(tx: Tx, ids: readonly string[]): Promise<void> {
  await inParts(ids, (part) =>
    tx
      .deleteFrom("approval_vote")
      .where("approval_id", "in", (query) =>
        query.selectFrom("approval").select("id").where("run_id", "in", part),
      )
      .execute(),
  );
  for (const table of PARTS_OF_RUN)
    await inParts(ids, (part) => tx.deleteFrom(table).where("run_id", "in", part).execute());
  await inParts(ids, (part) => tx.deleteFrom("run").where("id", "in", part).execute());
}

export interface ExpiredEvidence {
  readonly runId: string;
  readonly bytes: number;
  /** Of its bundles' zips. */
  readonly bundles: readonly string[];
  /** Empty for a run that has no evidence at all. */
  readonly files: number;
}

/** Runs whose evidence may go, oldest first. `beforeMs` null: of any age, for an archive over its limit. */
export async function findExpiredEvidence(
  db: Reader,
  cut: { readonly beforeMs: number | null; readonly nowMs: number; readonly keepsPinned: boolean },
  page: Page,
): Promise<ExpiredEvidence[]> {
  let query = db
    .selectFrom("run")
    .select("run.id")
    .where("run.evidence_removed_at", "is", null)
    .where("run.id", ">", page.afterId)
    .where((where) => isUnneeded(where, cut.nowMs));
  if (cut.beforeMs !== null)
    query = query.where("run.id", "<", firstIdAt(cut.beforeMs)).where("run.finished_at", "<", cut.beforeMs);
  if (cut.keepsPinned) query = query.where("run.pinned_at", "is", null);
  const rows = await query.orderBy("run.id").limit(page.limit).execute();
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return [];
  const files = await db
    .selectFrom("artifact")
    .select("run_id")
    .select((it) => [it.fn.sum("bytes").as("bytes"), it.fn.countAll().as("files")])
    .where("run_id", "in", ids)
    .groupBy("run_id")
    .execute();
  const bundles = await db
    .selectFrom("bundle")
    .select(["run_id", "sha256", "bytes"])
    .where("run_id", "in", ids)
    .execute();
  return ids.map((runId) => {
    const ofRun = bundles.filter((bundle) => bundle.run_id === runId);
    const gathered = files.find((row) => row.run_id === runId);
    return {
      runId,
      bytes: Number(gathered?.bytes ?? 0) + ofRun.reduce((sum, bundle) => sum + bundle.bytes, 0),
      bundles: ofRun.map((bundle) => bundle.sha256),
      files: Number(gathered?.files ?? 0) + ofRun.length,
    };
  });
}

/**
 * Notes that the evidence of these runs is gone, forgets its bundles and the bundles of alerts that hold it too, and leaves
 * notes for `archive-removals.ts` by which the files and their rows are removed.
 */
export async function forgetEvidence(
  tx: Tx,
  ids: readonly string[],
  removal: { readonly atMs: number; readonly because: EvidenceRemoval },
): Promise<void> {
  const bundles = await inParts(ids, (part) =>
    tx.deleteFrom("bundle").where("run_id", "in", part).returning("sha256").execute(),
  );
  await forgetAlertBundles(tx, await episodesOf(tx, ids), removal.atMs);
  const names = [...ids.map(runRemoval), ...bundles.map((row) => bundleRemoval(row.sha256))];
  await noteRemovals(tx, names, removal.atMs);
  await inParts(ids, (part) =>
    tx
      .updateTable("run")
      .set({ evidence_removed_at: removal.atMs, evidence_removed_because: removal.because })
      .where("id", "in", part)
      .where("evidence_removed_at", "is", null)
      .execute(),
  );
}

/** The alerts of these runs, those of their groups included. */
async function episodesOf(tx: Tx, runIds: readonly string[]): Promise<string[]> {
  const runs = await inParts(runIds, (part) =>
    tx.selectFrom("run").select(["episode_id", "group_id"]).where("id", "in", part).execute(),
  );
  const groups = [...new Set(runs.flatMap((run) => run.group_id ?? []))];
  const members = await inParts(groups, (part) =>
    tx.selectFrom("group_member").select("episode_id").where("group_id", "in", part).execute(),
  );
  return [...new Set([...runs, ...members].flatMap((row) => row.episode_id ?? []))];
}

/** Forgets every bundle of these alerts. */
export async function forgetAlertBundles(tx: Tx, episodeIds: readonly string[], atMs: number): Promise<void> {
  const rows = await inParts(episodeIds, (part) =>
    tx.deleteFrom("alert_bundle").where("episode_id", "in", part).returning("sha256").execute(),
  );
  await noteRemovals(
    tx,
    rows.map((row) => bundleRemoval(row.sha256)),
    atMs,
  );
}

/** Runs of a runbook behind an id, by the text they ran; empty at the end. */
export async function readTextsOfRuns(
  db: Reader,
  runbook: string,
  page: Page,
): Promise<{ readonly id: string; readonly digest: string }[]> {
  const rows = await db
    .selectFrom("run")
    .select(["id", "runbook_digest"])
    .where("runbook", "=", runbook)
    .where("id", ">", page.afterId)
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({ id: row.id, digest: row.runbook_digest }));
}

/** Whether a run that is not over calls the runbook of this text: it holds the digest in its plan. */
export async function isTextCalled(db: Reader, digest: string): Promise<boolean> {
  const row = await db
    .selectFrom("run")
    .select("id")
    .where("state", "in", LIVE_STATES)
    .where("plan", "like", `%"${digest}"%`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteRunbookText(tx: Tx, digest: string): Promise<void> {
  await tx.deleteFrom("runbook_text").where("digest", "=", digest).execute();
}
