import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { planRunbook } from "../../engine/plan-runbook.ts";
import type { PlanError } from "../../runbooks/plan.ts";
import type { Runbook } from "../../runbooks/runbook.ts";
import { principalOf } from "../identity.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, KNOWN, mayOfRunbook } from "../routes.ts";
import { seesRunbook } from "../visibility.ts";
import { pageKeys } from "./query.ts";
import { listOf } from "./shapes/common.ts";
import {
  planSchema,
  plannedShape,
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
  const { catalog } = dependencies;
  const routes = new ApiRoutes("Runbooks");
  routes.get("/runbooks", KNOWN, listFacts, (request, response, { query: { limit, after } }) => {
    const current = catalog.current();
    const names = [...current.runbooks.keys()].filter((name) => seesRunbook(request, current, name)).sort();
    const left = names.filter((name) => after === null || name > after);
    const shown = left.slice(0, limit);
    response.json({
      items: shown.map((name) => runbookShape(runbookNamed(dependencies, name))),
      next: left.length > limit ? (shown.at(-1) ?? null) : null,
    });
  });
  routes.get("/runbooks/:name", mayOfRunbook("see"), getFacts, (request, response) => {
    const runbook = runbookNamed(dependencies, String(request.params["name"]));
    response.json(runbookDetailsShape(runbook));
  });
  routes.ask("/runbooks/:name/plan", mayOfRunbook("plan"), planFacts, async (request, response, { body }) => {
    const { name } = runbookNamed(dependencies, String(request.params["name"]));
    const { inputs, dry_run: isDryRun } = body;
    const principal = principalOf(request).id;
    const planned = await planRunbook(dependencies, { runbook: name, inputs, principal, isDryRun });
    if (planned.kind === "no-runbook") throw notFound(`there is no runbook ${name}`);
    if (planned.kind === "refused") throw badInputs(planned);
    response.json(plannedShape(planned, catalog.current().runbooks));
  });
  return routes;
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
