import type { Reader, Tx } from "./store.ts";

// Files that are to be removed. The note is written in the transaction that removes what names the files, and goes when the
// files are gone: whoever is killed between the two leaves the note.

export type Removal =
  | { readonly kind: "run"; readonly runId: string }
  | { readonly kind: "bundle"; readonly sha256: string };

export function runRemoval(runId: string): string {
  return `run/${runId}`;
}

export function bundleRemoval(sha256: string): string {
  return `bundle/${sha256}`;
}

export async function noteRemovals(tx: Tx, names: readonly string[], atMs: number): Promise<void> {
  for (const name of names)
    await tx
      .insertInto("archive_removal")
      .values({ name, at: atMs })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
}

/** Up to so many, in no particular order. */
export async function readRemovals(db: Reader, limit: number): Promise<Removal[]> {
  const rows = await db.selectFrom("archive_removal").select("name").limit(limit).execute();
  return rows.map(({ name }) =>
    name.startsWith("run/")
      ? { kind: "run", runId: name.slice("run/".length) }
      : { kind: "bundle", sha256: name.slice("bundle/".length) },
  );
}

/** Removes up to so many rows of a run's files; true when there may be more. */
export async function deleteArtifactRows(tx: Tx, runId: string, limit: number): Promise<boolean> {
  const result = await tx
    .deleteFrom("artifact")
    .where("run_id", "=", runId)
    .where("path", "in", (paths) =>
      paths.selectFrom("artifact").select("path").where("run_id", "=", runId).limit(limit),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows) === limit;
}

/** Whether a bundle of this name was recorded since its removal was noted: the same bytes may have been made again. */
export async function isBundleRecorded(db: Reader, sha256: string): Promise<boolean> {
  const row = await db
    .selectFrom("alert_bundle")
    .select("sha256")
    .where("sha256", "=", sha256)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteRemoval(tx: Tx, removal: Removal): Promise<void> {
  const name = removal.kind === "run" ? runRemoval(removal.runId) : bundleRemoval(removal.sha256);
  await tx.deleteFrom("archive_removal").where("name", "=", name).execute();
}
