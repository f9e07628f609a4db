import { countPendingApprovals } from "../store/approvals.ts";
import { countActivePauses } from "../store/pauses.ts";
import { countOpenBreakers } from "./controls.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** Counts what stops automation and what waits for people, for a scrape. */
export async function refreshControlMetrics(dependencies: EngineDependencies): Promise<void> {
  const { store, metrics } = dependencies;
  const nowMs = await store.nowMs(store.reader);
  metrics.pausesActive.set(await countActivePauses(store.reader, nowMs));
  metrics.breakersOpen.set(await countOpenBreakers(dependencies, nowMs));
  metrics.approvalsPending.set(await countPendingApprovals(store.reader));
}
