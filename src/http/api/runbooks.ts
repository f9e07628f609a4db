import type { Request } from "express";
import { z } from "zod";
import { authorize } from "../../access/authorize.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { neededApproval } from "../../engine/needed-approval.ts";
import { planRunbook } from "../../engine/plan-runbook.ts";
import { starterOf, triggerOf } from "../../engine/starter.ts";
import { runbooksOf } from "../../rules/runbooks-of.ts";
import type { PlanError } from "../../runbooks/plan.ts";
import type { Runbook } from "../../runbooks/runbook.ts";
import { expectedDuration, RUNS_LOOKED_AT } from "../../runs/expected-duration.ts";
import { summarise } from "../../runs/statistics.ts";
import { readLastRuns } from "../../store/last-runs.ts";
import { readSucceededDurations } from "../../store/run-durations.ts";
import { readStatistics } from "../../store/stats.ts";
import { principalOf, requireIdentity } from "../identity.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, KNOWN, mayOfRunbook } from "../routes.ts";
import { seesEverything, seesRunbook } from "../visibility.ts";
import { pageKeys } from "./query.ts";
import { listOf } from "./shapes/common.ts";
import { calledNow, planSchema, plannedShape } from "./shapes/plan.ts";
import {
  type RunbookExtras,
  runbookDetailsSchema,
  runbookDetailsShape,
  runbookSchema,
  runbookShape,
} from "./shapes/runbook.ts";

const planBody = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}),
  /** Judge the guards as for a dry run. */
  dry_run: z.boolean().default(false),
});

const listFacts = {
  id: "listRunbooks",
  summary: "Runbooks that whoever asks may see, by name",
  query: z.strictObject(pageKeys((text) => /^[a-z0-9_-]{1,64}$/.test(text))),
  answers: { 200: listOf(runbookSchema) },
};
const getFacts = {
  id: "getRunbook",
  summary: "One runbook, with its steps, its text and the schema of its inputs",
  answers: { 200: runbookDetailsSchema },
};
const planFacts = {
  id: "planRun",
  summary: "What a start would run now; nothing is started",
  body: planBody,
  answers: { 200: planSchema },
};

/** Runbooks by name, and what one of them would do with some inputs. */
export function runbookRoutes(dependencies: EngineDependencies): ApiRoutes {
  const { catalog, store } = dependencies;
  const routes = new ApiRoutes("Runbooks");
  routes.get("/runbooks", KNOWN, listFacts, async (request, response, { query: { limit, after } }) => {
    const current = catalog.current();
    const names = [...current.runbooks.keys()].filter((name) => seesRunbook(request, current, name)).sort();
    const left = names.filter((name) => after === null || name > after);
    const shown = left.slice(0, limit).map((name) => runbookNamed(dependencies, name));
    const extrasOf = await readExtras(dependencies, request, shown);
    response.json({
      items: shown.map((runbook) => runbookShape(runbook, extrasOf(runbook))),
      next: left.length > limit ? (shown.at(-1)?.name ?? null) : null,
    });
  });
  routes.get("/runbooks/:name", mayOfRunbook("see"), getFacts, async (request, response) => {
    const runbook = runbookNamed(dependencies, String(request.params["name"]));
    const extrasOf = await readExtras(dependencies, request, [runbook]);
    const durationsMs = await readSucceededDurations(store.reader, runbook.name, RUNS_LOOKED_AT);
    response.json(
      runbookDetailsShape(runbook, {
        ...extrasOf(runbook),
        expectedDuration: expectedDuration(durationsMs),
        startedBy: seesEverything(request) ? startersOf(catalog.current(), runbook.name) : null,
      }),
    );
  });
  routes.ask("/runbooks/:name/plan", mayOfRunbook("plan"), planFacts, async (request, response, { body }) => {
    const { name } = runbookNamed(dependencies, String(request.params["name"]));
    const { inputs, dry_run: isDryRun } = body;
    const principal = principalOf(request);
    const wanted = { runbook: name, inputs, principal: principal.id, isDryRun };
    const planned = await planRunbook(dependencies, wanted);
    if (planned.kind === "no-runbook") throw notFound(`there is no runbook ${name}`);
    if (planned.kind === "refused") throw badInputs(planned);
    const { runbook, plan } = planned;
    const approval = isDryRun ? null : neededApproval(runbook, plan, triggerOf(starterOf(principal)));
    response.json(plannedShape({ ...planned, approval }, calledNow(catalog.current().runbooks, plan)));
  });
  return routes;
}

/** How many days of runs a runbook is shown with. */
const DAYS = 30;

/** What the database and the rights say of these runbooks, with as many questions for all of them as for one. */
async function readExtras(
  { store }: EngineDependencies,
  request: Request,
  runbooks: readonly Runbook[],
): Promise<(runbook: Runbook) => RunbookExtras> {
  const names = runbooks.map((runbook) => runbook.name);
  const lastRuns = await readLastRuns(store.reader, names);
  const nowMs = await store.nowMs(store.reader);
  const { windows, isComplete } = await readStatistics(store, { days: [DAYS], rules: null, nowMs });
  const counted = Map.groupBy(windows[0]?.counts ?? [], (count) => count.runbook);
  const identity = requireIdentity(request);
  return ({ name, access }) => ({
    mayStart: authorize(identity, {
      permission: "start",
      subject: { kind: "runbook", runbook: name, access },
      isRead: false,
    }).isAllowed,
    lastRun: lastRuns.get(name) ?? null,
    statistics: summarise(counted.get(name) ?? []),
    isComplete,
  });
}

/** The rules (also by their ladder, or when the alert ends) and the schedules that start a runbook, in their order. */
function startersOf({ rules, schedules }: Catalog, runbook: string) {
  return {
    rules: rules.filter((rule) => runbooksOf(rule).includes(runbook)).map((rule) => rule.name),
    schedules: [...schedules.values()]
      .filter((schedule) => schedule.runbook === runbook)
      .map((schedule) => schedule.name),
  };
}

/** What is wrong with inputs, at its places in the body. */
export function badInputs(refusal: {
  readonly about: "inputs" | "steps";
  readonly errors: readonly PlanError[];
}): HttpProblem {
  const below = refusal.about === "inputs" ? "/inputs" : "";
  const errors = refusal.errors.map((error) => ({ ...error, pointer: `${below}${error.pointer}` }));
  return new HttpProblem(422, "Invalid inputs", "the runbook cannot run with these inputs", { errors });
}

function runbookNamed({ catalog }: EngineDependencies, name: string): Runbook {
  const runbook = catalog.current().runbooks.get(name);
  if (runbook === undefined) throw notFound(`there is no runbook ${name.slice(0, 64)}`);
  return runbook;
}
