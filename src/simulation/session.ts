import type { EngineDependencies } from "../engine/dependencies.ts";
import type { RunSession } from "../engine/session.ts";
import { BackgroundTasks } from "../platform/background-tasks.ts";
import { NOTHING_OPENED } from "../runbooks/input-variables.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Run } from "../runs/records.ts";

/** The work on a run that was just claimed. */
export function sessionOf(dependencies: EngineDependencies, run: Run, runbook: Runbook): RunSession {
  return {
    dependencies,
    run,
    runbook,
    ownership: { runId: run.id, owner: dependencies.nodeId, fence: run.fence },
    steps: new Map(),
    stop: new AbortController(),
    isCancelled: false,
    hasAlertEnded: false,
    currentStep: null,
    pendingWrites: new BackgroundTasks(),
    opened: NOTHING_OPENED,
    isDraining: false,
  };
}
