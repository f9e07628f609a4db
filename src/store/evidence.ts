import { newId } from "../platform/ids.ts";
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

/** Rows of one question: a run may have tens of thousands of files, and a row takes more memory than what is made of it. */
const ROWS_MAX = 5_000;

/** Of all files of a run together. */
export async function evidenceBytesOf(db: Reader, runId: string): Promise<number> {
  const row = await db
    .selectFrom("artifact")
    .select((artifact) => artifact.fn.sum<number | string | null>("bytes").as("bytes"))
    .where("run_id", "=", runId)
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

/** All files of a run, by path. */
export async function readArtifacts(db: Reader, runId: string): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  const once = keepOnce();
  for (;;) {
    const rows = await db
      .selectFrom("artifact")
      .selectAll()
      .where("run_id", "=", runId)
      .where("path", ">", artifacts.at(-1)?.path ?? "")
      .orderBy("path")
      .limit(ROWS_MAX)
      .execute();
    for (const row of rows) artifacts.push(toArtifact({ ...row, ...once(row) }));
    if (rows.length < ROWS_MAX) return artifacts;
  }
}

type Repeated = Pick<ArtifactTable, "run_id" | "step_id" | "host" | "content_type">;

/** Each row brings texts of its own, most of which are the same in all of them. */
function keepOnce(): (row: ArtifactTable) => Repeated {
  const texts = new Map<string | null, string | null>();
  const known = <Text extends string | null>(text: Text): Text => {
    if (!texts.has(text)) texts.set(text, text);
    return texts.get(text) as Text;
  };
  return (row) => ({
    run_id: known(row.run_id),
    step_id: known(row.step_id),
    host: known(row.host),
    content_type: known(row.content_type),
  });
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
