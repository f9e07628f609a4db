import type { Run } from "../runs/records.ts";
import { readBundleInput } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** The bundle of a run that is not sealed yet: what there is now. Says that it is not complete. */
export async function snapshotBundle(
  dependencies: EngineDependencies,
  run: Run,
): Promise<{ fileName: string; sha256: string; bytes: number }> {
  const revision = { number: 0, sealedAtMs: dependencies.clock.nowMs(), isComplete: false, hasSensitive: false };
  const input = await readBundleInput(dependencies, dependencies.store.reader, run, revision);
  const built = await dependencies.bundles.build(input, dependencies.artifacts);
  return { fileName: built.name, sha256: built.sha256, bytes: built.bytes };
}
