import { sql } from "kysely";
import type { Reader, Tx } from "./store.ts";

// What the database says is in the archive, a page at a time: reading millions of rows at once would hold everything up.

/** Bytes of one page of stored files, and where the next page goes on; null behind the last. */
export async function sumArtifacts(
  db: Reader,
  after: { readonly runId: string; readonly path: string },
  limit: number,
): Promise<{ readonly bytes: number; readonly next: { runId: string; path: string } | null }> {
  const rows = await db
    .selectFrom("artifact")
    .select(["run_id", "path", "bytes"])
    .where(sql<boolean>`(run_id, path) > (${after.runId}, ${after.path})`)
    .orderBy("run_id")
    .orderBy("path")
    .limit(limit)
    .execute();
  const last = rows.at(-1);
  return {
    bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
    next: last === undefined || rows.length < limit ? null : { runId: last.run_id, path: last.path },
  };
}

export interface BundleFile {
  readonly sha256: string;
  readonly bytes: number;
}

/** Sealed bundles of runs behind this run, of whole runs; null when there are no more. */
export async function readBundleFiles(
  db: Reader,
  afterRunId: string,
  limit: number,
): Promise<{ readonly files: BundleFile[]; readonly next: string | null }> {
  const rows = await db
    .selectFrom("bundle")
    .select(["run_id", "sha256", "bytes"])
    .where("run_id", ">", afterRunId)
    .orderBy("run_id")
    .orderBy("revision")
    .limit(limit)
    .execute();
  const last = rows.at(-1)?.run_id;
  if (last === undefined || rows.length < limit) return { files: rows, next: null };
  // The last run of a page may be cut: it is read again, unless it fills the page by itself.
  const whole = rows.filter((row) => row.run_id !== last);
  return whole.length === 0
    ? { files: rows, next: last }
    : { files: whole, next: whole.at(-1)?.run_id ?? last };
}

/** Bundles of alerts; there are few, since each is made only when somebody asks. */
export async function readAlertBundleFiles(db: Reader): Promise<BundleFile[]> {
  return db.selectFrom("alert_bundle").select(["sha256", "bytes"]).execute();
}

export interface AlertBundleRecord {
  readonly episodeId: string;
  /** Of everything the bundle depends on. */
  readonly factsDigest: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly madeAtMs: number;
}

export async function readAlertBundle(
  db: Reader,
  episodeId: string,
  factsDigest: string,
): Promise<AlertBundleRecord | null> {
  const row = await db
    .selectFrom("alert_bundle")
    .selectAll()
    .where("episode_id", "=", episodeId)
    .where("facts_digest", "=", factsDigest)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    episodeId: row.episode_id,
    factsDigest: row.facts_digest,
    fileName: row.file_name,
    sha256: row.sha256,
    bytes: row.bytes,
    madeAtMs: row.made_at,
  };
}

/** Recorded once; a second time changes nothing. */
export async function putAlertBundle(tx: Tx, bundle: AlertBundleRecord): Promise<void> {
  await tx
    .insertInto("alert_bundle")
    .values({
      episode_id: bundle.episodeId,
      facts_digest: bundle.factsDigest,
      file_name: bundle.fileName,
      sha256: bundle.sha256,
      bytes: bundle.bytes,
      made_at: bundle.madeAtMs,
    })
    .onConflict((conflict) => conflict.columns(["episode_id", "facts_digest"]).doNothing())
    .execute();
}

/** Alerts with a bundle that was made before. */
export async function findOldAlertBundles(db: Reader, beforeMs: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom("alert_bundle")
    .select("episode_id")
    .distinct()
    .where("made_at", "<", beforeMs)
    .limit(limit)
    .execute();
  return rows.map((row) => row.episode_id);
}

/** What the sweep compares a run's folder with. */
export interface SweptRun {
  readonly id: string;
  readonly isOver: boolean;
  readonly isEvidenceRemoved: boolean;
}

/** Those of these runs that are known. */
export async function readSweptRuns(db: Reader, ids: readonly string[]): Promise<Map<string, SweptRun>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("run")
    .select(["id", "finished_at", "evidence_removed_at"])
    .where("id", "in", ids)
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      { id: row.id, isOver: row.finished_at !== null, isEvidenceRemoved: row.evidence_removed_at !== null },
    ]),
  );
}
