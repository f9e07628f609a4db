import { join } from "node:path";
import {
  readAlertBundleFiles,
  readBundleFiles,
  readSweptRuns,
  type SweptRun,
} from "../store/archive-rows.ts";
import { readArtifacts } from "../store/evidence.ts";
import { archiveFolderOf } from "./retention-files.ts";
import type { Pass } from "./retention.ts";

/** Runs asked about at once. */
const RUNS_MAX = 200;
const ROWS_MAX = 5_000;
/** Somebody may be about to record what is younger. */
const SETTLED_MS = 3_600_000;

/**
 * Compares the archive's files with what the database says: a file that was stored by a process that was killed before it
 * recorded it goes, a file that is recorded and not there is reported. What belongs to a run or a bundle that is not known at all
 * is only reported unless the pass was asked to remove it. Does nothing in a pass that is not thorough.
 */
export async function sweepArchive(pass: Pass): Promise<void> {
  if (!pass.isThorough) return;
  await sweepRuns(pass);
  await sweepBundles(pass);
}

async function sweepRuns(pass: Pass): Promise<void> {
  let batch: string[] = [];
  for await (const id of archiveFolderOf(pass.dependencies).runs()) {
    batch.push(id);
    if (batch.length < RUNS_MAX) continue;
    await sweepBatch(pass, batch);
    batch = [];
  }
  await sweepBatch(pass, batch);
}

async function sweepBatch(pass: Pass, ids: readonly string[]): Promise<void> {
  const known = await readSweptRuns(pass.dependencies.store.reader, ids);
  for (const id of ids) {
    await pass.breathe();
    const run = known.get(id);
    if (run === undefined) await sweepUnknown(pass, id);
    else if (run.isOver && !run.isEvidenceRemoved) await sweepRun(pass, run);
    pass.report.comparedRuns += 1;
  }
}

async function sweepUnknown(pass: Pass, runId: string): Promise<void> {
  const { artifacts } = pass.dependencies;
  const files = await artifacts.list(runId);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (!pass.removesUnknown) return pass.report.findUnknown(bytes);
  pass.report.remove("stray_file", files.length, bytes);
  if (!pass.isDryRun) await artifacts.remove(runId);
}

/** A run that is over records no more files. */
async function sweepRun(pass: Pass, { id }: SweptRun): Promise<void> {
  const { store, artifacts } = pass.dependencies;
  const folder = archiveFolderOf(pass.dependencies);
  const stored = new Map((await artifacts.list(id)).map((file) => [file.path, file.bytes]));
  for (const { path, bytes } of await readArtifacts(store.reader, id)) {
    if (stored.get(path) !== bytes) pass.report.miss(join(id, path));
    stored.delete(path);
  }
  for (const [path, bytes] of stored) {
    const writtenAtMs = await folder.modifiedAtMs(id, path);
    if (writtenAtMs === null || pass.nowMs - writtenAtMs < SETTLED_MS) continue;
    pass.report.remove("stray_file", 1, bytes);
    if (!pass.isDryRun) await folder.removeFile(id, path);
  }
}

async function sweepBundles(pass: Pass): Promise<void> {
  const { store } = pass.dependencies;
  const folder = archiveFolderOf(pass.dependencies);
  const unrecorded = new Map<string, number>();
  const present = new Set<string>();
  for await (const { sha256, format, bytes, modifiedAtMs } of folder.bundles()) {
    if (format === "zip") present.add(sha256);
    if (pass.nowMs - modifiedAtMs >= SETTLED_MS)
      unrecorded.set(sha256, (unrecorded.get(sha256) ?? 0) + bytes);
  }
  const settle = (sha256: string) => {
    unrecorded.delete(sha256);
    if (!present.has(sha256)) pass.report.miss(join("bundles", `${sha256}.zip`));
  };
  for (const { sha256 } of await readAlertBundleFiles(store.reader)) settle(sha256);
  let run: string | null = "";
  while (run !== null) {
    await pass.breathe();
    const page = await readBundleFiles(store.reader, run, ROWS_MAX);
    for (const { sha256 } of page.files) settle(sha256);
    run = page.next;
  }
  for (const [sha256, bytes] of unrecorded) {
    if (!pass.removesUnknown) {
      pass.report.findUnknown(bytes);
      continue;
    }
    pass.report.remove("stray_file", 1, bytes);
    if (!pass.isDryRun) await pass.dependencies.bundles.remove(sha256);
  }
}
