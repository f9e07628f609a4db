import { firstIdAt } from "../platform/ids.ts";
import type { EvidenceRemoval } from "../runs/records.ts";
import { readAlertBundleFiles, readBundleFiles, sumArtifacts } from "../store/archive-rows.ts";
import {
  deleteRunbookText,
  deleteRuns,
  type ExpiredEvidence,
  type ExpiredRun,
  findExpiredEvidence,
  findExpiredRuns,
  forgetEvidence,
  isTextCalled,
  lockUnpinned,
  readTextsOfRuns,
} from "../store/retention.ts";
import type { Reader, Tx } from "../store/store.ts";
import { archiveFolderOf, dropRemovedFiles } from "./retention-files.ts";
import type { Pass } from "./retention.ts";

/** Runs of one transaction: each has tens of rows. */
const RUNS_MAX = 50;
const ROWS_MAX = 5_000;

/** Bytes of stored files, of bundles, and of the tar.gz that are made of them. */
export async function measureArchive(pass: Pass): Promise<number> {
  const { reader } = pass.dependencies.store;
  let bytes = 0;
  let after: { runId: string; path: string } | null = { runId: "", path: "" };
  while (after !== null) {
    const page = await sumArtifacts(reader, after, ROWS_MAX);
    bytes += page.bytes;
    after = page.next;
    await pass.breathe();
  }
  let run: string | null = "";
  while (run !== null) {
    const page = await readBundleFiles(reader, run, ROWS_MAX);
    for (const file of page.files) bytes += file.bytes;
    run = page.next;
    await pass.breathe();
  }
  for (const file of await readAlertBundleFiles(reader)) bytes += file.bytes;
  for await (const file of archiveFolderOf(pass.dependencies).bundles())
    if (file.format === "tar.gz") bytes += file.bytes;
  return bytes;
}

function evidenceAgeMs({ settings, runsMs }: Pass): number {
  return Math.min(settings.artifactsMs, runsMs);
}

/** Files and bundles of runs that ended long ago. Never longer kept than the run itself. */
export async function expireEvidence(pass: Pass): Promise<void> {
  const work = {
    beforeMs: pass.nowMs - evidenceAgeMs(pass),
    because: "age",
    take: (all: Found) => all,
  } as const;
  let afterId = "";
  for (let more = true; more; ) {
    const found = await removeEvidence(pass, work, afterId);
    afterId = found.at(-1)?.runId ?? "";
    more = found.length > 0;
  }
}

/** While the archive is over its limit, the evidence of the oldest runs goes. */
export async function fitArchive(pass: Pass): Promise<void> {
  const { report, settings, dependencies } = pass;
  const excess = () => report.archiveBytes - report.removed("evidence").bytes - settings.bytesMax;
  const take = (found: Found) => {
    let bytes = 0;
    return found.filter((each) => (bytes += each.bytes) - each.bytes < excess());
  };
  // In a dry run those that are too old are still there, and must not be counted twice.
  let afterId = pass.isDryRun ? firstIdAt(pass.nowMs - evidenceAgeMs(pass)) : "";
  while (excess() > 0) {
    const found = await removeEvidence(pass, { beforeMs: null, because: "archive_full", take }, afterId);
    const last = found.at(-1);
    if (last === undefined) break;
    afterId = last.runId;
  }
  if (excess() > 0)
    dependencies.log.warn(
      { excessBytes: excess(), bytesMax: settings.bytesMax },
      "the archive is over its limit, and the rest is pinned or still needed; raise retention.max_bytes, or unpin runs",
    );
}

type Found = readonly ExpiredEvidence[];

interface EvidenceWork {
  /** Null for runs of any age. */
  readonly beforeMs: number | null;
  readonly because: EvidenceRemoval;
  /** Those of the found that go. */
  readonly take: (found: Found) => Found;
}

/** Removes the evidence of the next few runs behind this one; gives those that it took, empty at the end. */
async function removeEvidence(pass: Pass, work: EvidenceWork, afterId: string): Promise<Found> {
  const { store } = pass.dependencies;
  const cut = { beforeMs: work.beforeMs, nowMs: pass.nowMs, keepsPinned: pass.settings.keepsPinned };
  const find = async (db: Reader) =>
    work.take(await findExpiredEvidence(db, cut, { afterId, limit: RUNS_MAX }));
  await pass.breathe();
  const removed = pass.isDryRun
    ? await find(store.reader)
    : await store.transaction(async (tx) => {
        const taken = await find(tx);
        const ids = taken.map((each) => each.runId);
        const unpinned = cut.keepsPinned ? await lockUnpinned(tx, store.dialect, ids) : ids;
        await forgetEvidence(tx, unpinned, { atMs: pass.nowMs, because: work.because });
        return taken;
      });
  for (const { files, bytes } of removed) if (files > 0) pass.report.remove("evidence", 1, bytes);
  if (!pass.isDryRun) await dropRemovedFiles(pass);
  return removed;
}

/** Runs themselves, and runbook texts that no run is left of. */
export async function expireRuns(pass: Pass): Promise<void> {
  const { store } = pass.dependencies;
  const cut = {
    beforeMs: pass.nowMs - pass.runsMs,
    nowMs: pass.nowMs,
    keepsPinned: pass.settings.keepsPinned,
  };
  const texts = new Map<string, string>();
  let afterId = "";
  for (;;) {
    await pass.breathe();
    const find = (db: Reader) => findExpiredRuns(db, cut, { afterId, limit: RUNS_MAX });
    const found = pass.isDryRun
      ? await find(store.reader)
      : await store.transaction((tx) => removeRuns(pass, tx, find));
    const last = found.at(-1);
    if (last === undefined) break;
    afterId = last.id;
    pass.report.remove("run", found.length);
    for (const run of found) texts.set(run.runbookDigest, run.runbook);
    if (!pass.isDryRun) await dropRemovedFiles(pass);
  }
  if (!pass.isDryRun) for (const [digest, runbook] of texts) await expireText(pass, runbook, digest);
}

async function removeRuns(
  { dependencies, nowMs, settings }: Pass,
  tx: Tx,
  find: (db: Reader) => Promise<ExpiredRun[]>,
): Promise<ExpiredRun[]> {
  const found = await find(tx);
  const ids = found.map((run) => run.id);
  const unpinned = settings.keepsPinned ? await lockUnpinned(tx, dependencies.store.dialect, ids) : ids;
  await forgetEvidence(tx, unpinned, { atMs: nowMs, because: "age" });
  await deleteRuns(tx, unpinned);
  return found;
}

/** One that is in use now is kept: a run may be made of it at any moment. */
async function expireText(pass: Pass, runbook: string, digest: string): Promise<void> {
  const { store, catalog } = pass.dependencies;
  const isInUse = () => [...catalog.current().runbooks.values()].some((each) => each.digest === digest);
  let afterId = "";
  for (;;) {
    await pass.breathe();
    const page = await readTextsOfRuns(store.reader, runbook, { afterId, limit: ROWS_MAX });
    if (isInUse() || page.some((run) => run.digest === digest)) return;
    const last = page.at(-1);
    if (last === undefined) break;
    afterId = last.id;
  }
  const isRemoved = await store.transaction(async (tx) => {
    if (await isTextCalled(tx, digest)) return false;
    await deleteRunbookText(tx, digest);
    return true;
  });
  if (isRemoved) pass.report.remove("runbook_text", 1);
}
