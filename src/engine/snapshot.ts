import type { TemporaryBundle } from "../archive/bundle-store.ts";
import type { BundleRecord, Run } from "../runs/records.ts";
import { readBundleInput } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";

type SnapshotDependencies = Pick<
  EngineDependencies,
  "store" | "bundles" | "artifacts" | "clock" | "externalUrl" | "version"
>;

/** The bundle of a run that is not sealed yet: what there is now. Says that it is not complete. */
export async function snapshotBundle(
  dependencies: SnapshotDependencies,
  run: Run,
  hasSensitive: boolean,
): Promise<TemporaryBundle> {
  const { store, bundles, artifacts, clock } = dependencies;
  const revision = { number: 0, sealedAtMs: clock.nowMs(), isComplete: false, hasSensitive };
  return bundles.buildTemporary(await readBundleInput(dependencies, store.reader, run, revision), artifacts);
}

/** A sealed revision with the sensitive files in it. */
export async function sensitiveBundle(
  dependencies: SnapshotDependencies,
  run: Run,
  { revision: number, sealedAtMs }: BundleRecord,
): Promise<TemporaryBundle> {
  const { store, bundles, artifacts } = dependencies;
  const revision = { number, sealedAtMs, isComplete: true, hasSensitive: true };
  return bundles.buildTemporary(await readBundleInput(dependencies, store.reader, run, revision), artifacts);
}
