import type { Request } from "express";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { readLastDecisions } from "../../store/last-decisions.ts";
import { rfc3339 } from "../times.ts";
import { seesRun, visibleRuns } from "../visibility.ts";
import type { LastDecisionShape } from "./shapes/alert.ts";

/** The last decision of each of these alerts, by its id. Whom its runbook is hidden from does not see the run. */
export async function readLastDecisionShapes(
  request: Request,
  { store, catalog }: Pick<EngineDependencies, "store" | "catalog">,
  episodeIds: readonly string[],
): Promise<ReadonlyMap<string, LastDecisionShape>> {
  const seesAll = visibleRuns(request, catalog.current()) === null;
  const decisions = await readLastDecisions(store.reader, episodeIds);
  return new Map(
    [...decisions].map(([id, { kind, rule, reason, runId, atMs, runOf }]) => {
      const isShown = seesAll || (runOf !== null && seesRun(request, { catalog }, runOf));
      const { runbook = null, state = null } = (isShown ? runOf : null) ?? {};
      const run = { run: isShown ? runId : null, runbook, run_status: state };
      return [id, { kind, rule, reason, ...run, at: rfc3339(atMs) }];
    }),
  );
}
