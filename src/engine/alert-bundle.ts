import type { AlertBundleInput, AlertBundleRun } from "../archive/alert-bundle-input.ts";
import { alertOfBundleJson } from "../archive/bundle-json.ts";
import type { ReadableBundle, TemporaryBundle } from "../archive/bundle-store.ts";
import { sha256 } from "../platform/digest.ts";
import type { Decision, Episode, Run, RunKeeping } from "../runs/records.ts";
import { putAlertBundle, readAlertBundle } from "../store/archive-rows.ts";
import { readDecisions } from "../store/decisions.ts";
import { readNewestBundle } from "../store/evidence.ts";
import { readKeeping } from "../store/run-keeping.ts";
import { listRuns, readRun } from "../store/runs.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { snapshotBundle } from "./snapshot.ts";

/** Runs of one alert; one that flaps starts no more of them than its rule's guards allow. */
const RUNS_MAX = 100;

/**
 * The bundle of an alert with all of its runs, to be disposed of when it was sent. Stored under what it depends on: as long as neither
 * the alert nor one of its runs has changed, it is made once. With a run that goes on it is made for this once.
 */
export async function openAlertBundle(
  dependencies: EngineDependencies,
  episode: Episode,
): Promise<{ readonly bundle: ReadableBundle; readonly dispose: () => Promise<void> }> {
  const { bundles } = dependencies;
  const snapshots: TemporaryBundle[] = [];
  const dispose = async () => {
    for (const each of snapshots) await each.dispose();
  };
  try {
    const input = await readInput(dependencies, episode, snapshots);
    if (snapshots.length === 0) return { bundle: await openStored(dependencies, input), dispose };
    const bundle = await bundles.buildTemporaryForAlert(input);
    snapshots.push(bundle);
    return { bundle, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function openStored(
  { store, bundles, clock }: EngineDependencies,
  input: AlertBundleInput,
): Promise<ReadableBundle> {
  const { episode, decisions, version } = input;
  const facts = [alertOfBundleJson(input), decisions.map((decision) => decision.id), version];
  const factsDigest = sha256(JSON.stringify(facts));
  const known = await readAlertBundle(store.reader, episode.id, factsDigest);
  if (known !== null && (await bundles.stat(known.sha256, "zip")) !== null)
    return bundles.open({ name: known.fileName, sha256: known.sha256, bytes: known.bytes });
  const built = await bundles.buildForAlert(input);
  const record = {
    episodeId: episode.id,
    factsDigest,
    fileName: built.name,
    sha256: built.sha256,
    bytes: built.bytes,
    madeAtMs: clock.nowMs(),
  };
  await store.transaction((tx) => putAlertBundle(tx, record));
  return bundles.open(built);
}

async function readInput(
  dependencies: EngineDependencies,
  episode: Episode,
  snapshots: TemporaryBundle[],
): Promise<AlertBundleInput> {
  const { store, externalUrl, version } = dependencies;
  const decisions = await readDecisions(store.reader, episode.id);
  const runs = await readRunsOf(dependencies, episode, decisions);
  const keeping = await readKeeping(
    store.reader,
    runs.map((run) => run.id),
  );
  const packed: AlertBundleRun[] = [];
  const times = [episode.openedAtMs, episode.closedAtMs ?? 0, ...decisions.map((each) => each.atMs)];
  for (const run of runs) {
    const sealed = await readNewestBundle(store.reader, run.id);
    if (sealed !== null) times.push(sealed.sealedAtMs);
    const { id, runbook, state, outcome, createdAtMs } = run;
    const about = { id, runbook, state, outcome, createdAtMs };
    const removed = keeping.get(id)?.evidenceRemovedAtMs ?? null;
    if (sealed !== null) {
      const { revision, sha256: digest, fileName: name } = sealed;
      packed.push({ ...about, bundle: { kind: "stored", revision, sha256: digest, name } });
    } else if (removed !== null) {
      packed.push({ ...about, bundle: { kind: "gone", why: whyRemoved(keeping.get(id)) } });
    } else {
      const snapshot = await snapshotBundle(dependencies, run, false);
      snapshots.push(snapshot);
      packed.push({ ...about, bundle: { kind: "snapshot", zipPath: snapshot.zipPath, name: snapshot.name } });
    }
  }
  return {
    episode,
    url: `${externalUrl}/a/${episode.fingerprint}`,
    decisions,
    runs: packed,
    isComplete: snapshots.length === 0,
    sealedAtMs: Math.max(...times),
    version,
  };
}

/** Those it started and those it joined, oldest first. */
async function readRunsOf(
  { store }: EngineDependencies,
  episode: Episode,
  decisions: readonly Decision[],
): Promise<Run[]> {
  const filter = { episodeId: episode.id };
  const started = await listRuns(store.reader, filter, RUNS_MAX, null);
  const known = new Set(started.map((run) => run.id));
  const joined = new Set(
    decisions.flatMap(({ runId }) => (runId === null || known.has(runId) ? [] : [runId])),
  );
  const others = await Promise.all([...joined].slice(0, RUNS_MAX).map((id) => readRun(store.reader, id)));
  return [...started, ...others.filter((run) => run !== null)].toSorted((left, right) =>
    left.id < right.id ? -1 : 1,
  );
}

/** Why a run's files and bundles are no longer kept, as a sentence for people. */
export function whyRemoved(keeping: RunKeeping | undefined): string {
  const at = new Date(keeping?.evidenceRemovedAtMs ?? 0).toISOString().slice(0, 10);
  return keeping?.evidenceRemovedBecause === "archive_full"
    ? `its files and bundles were removed on ${at}, because the archive was over retention.max_bytes; pin a run to keep its evidence`
    : `its files and bundles were removed on ${at}, being older than retention.artifacts; pin a run to keep its evidence`;
}
