import { type ClaimOptions, claimStartable } from "../engine/claim.ts";
import type { EngineDependencies } from "../engine/dependencies.ts";
import { compiledRunbook, type RunbookCache } from "../engine/runbook-cache.ts";
import type { Run } from "../runs/records.ts";

/** Longer than any simulation: nobody else could take a run over. */
const LEASE_MS = 10 * 365 * 86_400_000;

/** Takes the runs whose turn has come, as the service's dispatcher does. */
export function createClaimer(
  dependencies: EngineDependencies,
  runbooks: RunbookCache,
): (limit: number) => Promise<readonly Run[]> {
  const { store, nodeId } = dependencies;
  const options: Omit<ClaimOptions, "limit"> = {
    owner: nodeId,
    leaseMs: LEASE_MS,
    runbookOf: (run) => compiledRunbook(store.reader, runbooks, run.runbookDigest),
  };
  return (limit) => claimStartable(dependencies, { ...options, limit });
}
