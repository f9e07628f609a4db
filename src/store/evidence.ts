import { newId } from "../platform/ids.ts";
import { PackedList } from "../platform/packed-list.ts";
import type { Artifact, BundleRecord } from "../runs/records.ts";
import type { ArtifactTable } from "./archive-tables.ts";
import type { Reader, Tx } from "./store.ts";

/** Records a file of a run's evidence; a later attempt's file of the same path takes its place. */
export async function putArtifact(tx: Tx, artifact: Artifact): Promise<void> {
  const row = {
    run_id: artifact.runId,
    path: artifact.path,
    step_id: artifact.stepId,
    host: artifact.host,
    bytes: artifact.bytes,
    sha256: artifact.sha256,
    content_type: artifact.contentType,
    is_truncated: artifact.isTruncated ? 1 : 0,
    is_changed: artifact.isChanged ? 1 : 0,
    is_sensitive: artifact.isSensitive ? 1 : 0,
    redactions: artifact.redactions,
  };
  await tx
    .insertInto("artifact")
    .values(row)
    .onConflict((conflict) => conflict.columns(["run_id", "path"]).doUpdateSet(row))
    .execute();
}

/** Of all files of a run together. */
export async function evidenceBytesOf(db: Reader, runId: string): Promise<number> {
  const row = await db
    .selectFrom("artifact")
    .select((artifact) => artifact.fn.sum<number | string | null>("bytes").as("bytes"))
    .where("run_id", "=", runId)
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

/** Rows of one question: a run may have tens of thousands of files, and a row takes more memory than what is made of it. */
const ROWS_MAX = 1_000;

/** All files of a run, by path. */
export async function readArtifacts(db: Reader, runId: string): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  await eachArtifact(db, runId, (artifact) => artifacts.push(artifact));
  return artifacts;
}

/** The same, for whoever goes through them all. */
export async function readPackedArtifacts(db: Reader, runId: string): Promise<PackedList<Artifact>> {
  const artifacts = new PackedList<Artifact>();
  await eachArtifact(db, runId, (artifact) => artifacts.push(artifact));
  return artifacts;
}

async function eachArtifact(db: Reader, runId: string, take: (artifact: Artifact) => unknown): Promise<void> {
  for (let after: string | null | undefined = null; after !== undefined; ) {
    const artifacts: Artifact[] = await listArtifacts(db, runId, ROWS_MAX, after);
    for (const artifact of artifacts) take(artifact);
    after = artifacts.length < ROWS_MAX ? undefined : artifacts.at(-1)?.path;
  }
}

/** By path, after `after` (a path) where given. */
export async function listArtifacts(
  db: Reader,
  runId: string,
  limit: number,
  after: string | null,
): Promise<Artifact[]> {
  const rows = await db
    .selectFrom("artifact")
    .selectAll()
    .where("run_id", "=", runId)
    .where("path", ">", after ?? "")
    .orderBy("path")
    .limit(limit)
    .execute();
  return rows.map(toArtifact);
}

/** Null when the run has no such file. */
export async function readArtifact(db: Reader, runId: string, path: string): Promise<Artifact | null> {
  const row = await db
    .selectFrom("artifact")
    .selectAll()
    .where("run_id", "=", runId)
    .where("path", "=", path)
    .executeTakeFirst();
  return row === undefined ? null : toArtifact(row);
}

function toArtifact(row: ArtifactTable): Artifact {
  return {
    runId: row.run_id,
    path: row.path,
    stepId: row.step_id,
    host: row.host,
    bytes: row.bytes,
    sha256: row.sha256,
    contentType: row.content_type,
    isTruncated: row.is_truncated === 1,
    isChanged: row.is_changed === 1,
    isSensitive: row.is_sensitive === 1,
    redactions: row.redactions,
  };
}

export interface RunProblem {
  readonly stepId: string;
  readonly path: string;
  readonly message: string;
}

export async function addRunProblem(tx: Tx, runId: string, problem: RunProblem): Promise<void> {
  await tx
    .insertInto("run_problem")
    .values({
      id: newId(),
      run_id: runId,
      step_id: problem.stepId,
      path: problem.path,
      message: problem.message,
    })
    .execute();
}

/** What could not be gathered, in the order it happened. */
export async function readRunProblems(db: Reader, runId: string): Promise<RunProblem[]> {
  const rows = await db
    .selectFrom("run_problem")
    .selectAll()
    .where("run_id", "=", runId)
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ stepId: row.step_id, path: row.path, message: row.message }));
}

/** Records a sealed bundle; sealing the same revision again changes nothing. */
export async function putBundle(tx: Tx, bundle: BundleRecord): Promise<void> {
  await tx
    .insertInto("bundle")
    .values({
      run_id: bundle.runId,
      revision: bundle.revision,
      file_name: bundle.fileName,
      sha256: bundle.sha256,
      bytes: bundle.bytes,
      sealed_at: bundle.sealedAtMs,
    })
    .onConflict((conflict) => conflict.columns(["run_id", "revision"]).doNothing())
    .execute();
}

/** The newest sealed revision; null while the run is going on. */
export async function readNewestBundle(db: Reader, runId: string): Promise<BundleRecord | null> {
  const row = await db
    .selectFrom("bundle")
    .selectAll()
    .where("run_id", "=", runId)
    .orderBy("revision", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    runId: row.run_id,
    revision: row.revision,
    fileName: row.file_name,
    sha256: row.sha256,
    bytes: row.bytes,
    sealedAtMs: row.sealed_at,
  };
}
