import type { EngineDependencies } from "../engine/dependencies.ts";
import { openSession, type RunSession } from "../engine/session.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Run } from "../runs/records.ts";

/** The work on a run that was just claimed. */
export function sessionOf(dependencies: EngineDependencies, run: Run, runbook: Runbook): RunSession {
  const { runbooks } = dependencies.catalog.current();
  const names = Object.values(run.plan.calls).map((call) => call.runbook.name);
  const called = names.flatMap((name) => runbooks.get(name) ?? []);
  return openSession({
    dependencies,
    run,
    runbook,
    called: new Map(called.map((one) => [one.digest, one])),
    ownership: { runId: run.id, owner: dependencies.nodeId, fence: run.fence },
  });
}
