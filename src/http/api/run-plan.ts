import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { GuardResult } from "../../engine/guards.ts";
import { plannedRunbooks, type RunbookCache } from "../../engine/runbook-cache.ts";
import { RunbookError } from "../../runbooks/load.ts";
import type { Runbook } from "../../runbooks/runbook.ts";
import { expectedDuration, RUNS_LOOKED_AT } from "../../runs/expected-duration.ts";
import type { Run } from "../../runs/records.ts";
import { readSucceededDurations } from "../../store/run-durations.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { findRun } from "./runs.ts";
import type { Shape } from "./shapes/common.ts";
import { planSchema, plannedShape } from "./shapes/plan.ts";

const facts = {
  id: "getRunPlan",
  summary: "What a run runs: its steps in words, as they were planned",
  answers: { 200: planSchema },
};

/** What a run runs, as it was planned. */
export function runPlanRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  const cache: RunbookCache = new Map();
  routes.get("/runs/:id/plan", mayOfRun("see"), facts, async (request, response) => {
    const run = await findRun(dependencies.store, request);
    const plan = await planOfRun(dependencies, cache, run, async () => null);
    if (plan === null) throw notFound("the runbook of the run can no longer be read by this version");
    response.json(plan);
  });
  return routes;
}

/**
 * The plan of a run in words. `judge` says what guards have to say of it now. Null when the text of its runbook no longer compiles under
 * this version.
 */
export async function planOfRun(
  { store: { reader } }: EngineDependencies,
  cache: RunbookCache,
  run: Run,
  judge: (runbook: Runbook) => Promise<readonly GuardResult[] | null>,
): Promise<Shape<typeof planSchema> | null> {
  try {
    const { runbook, called } = await plannedRunbooks(reader, cache, run);
    const durationsMs = await readSucceededDurations(reader, run.runbook, RUNS_LOOKED_AT);
    const { plan, planDigest: digest } = run;
    const parts = { runbook, plan, digest, guards: await judge(runbook), approval: null };
    return plannedShape({ ...parts, expectedDuration: expectedDuration(durationsMs) }, called);
  } catch (error) {
    if (error instanceof RunbookError) return null;
    throw error;
  }
}
