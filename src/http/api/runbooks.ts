import type { Request, Response } from "express";
import { z } from "zod";
import { calledRunbooks } from "../../engine/candidate.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { allInstances } from "../../engine/frames.ts";
import type { GuardResult } from "../../engine/guards.ts";
import { type PlannedRun, planRunbook } from "../../engine/plan-runbook.ts";
import { inputShape, inputsJsonSchema } from "../../runbooks/input-shapes.ts";
import { confirmationOf } from "../../runbooks/check-confirm.ts";
import { hostOf, type PlanError } from "../../runbooks/plan.ts";
import type { Runbook } from "../../runbooks/runbook.ts";
import type { ExpectedDuration } from "../../runs/expected-duration.ts";
import { principalOf } from "../identity.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { guardShape } from "./explanation-shape.ts";
import { parseBody } from "./json-body.ts";
import { readPage } from "./paging.ts";
import { seesRunbook } from "../visibility.ts";
import { KNOWN, mayOfRunbook, Routes } from "../routes.ts";

const planBody = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}),
  /** Judge the guards as for a dry run. */
  dry_run: z.boolean().default(false),
});

/** Runbooks by name, and what one of them would do with some inputs. */
export function runbookRoutes(dependencies: EngineDependencies): Routes {
  const { catalog } = dependencies;
  const routes = new Routes();
  routes.get("/runbooks", KNOWN, (request: Request, response: Response) => {
    const current = catalog.current();
    const names = [...current.runbooks.keys()].filter((name) => seesRunbook(request, current, name)).sort();
    const page = readPage(request, (text) => /^[a-z0-9_-]{1,64}$/.test(text));
    const from = page.after === null ? 0 : names.findIndex((name) => name > (page.after ?? ""));
    const shown = from < 0 ? [] : names.slice(from, from + page.limit);
    const isMore = from >= 0 && from + page.limit < names.length;
    response.json({
      items: shown.map((name) => runbookShape(runbookNamed(dependencies, name))),
      next: isMore ? (shown.at(-1) ?? null) : null,
    });
  });
  routes.get("/runbooks/:name", mayOfRunbook("see"), (request: Request, response: Response) => {
    const runbook = runbookNamed(dependencies, String(request.params["name"]));
    response.json({
      ...runbookShape(runbook),
      file: runbook.file,
      digest: runbook.digest,
      steps: runbook.steps.map(({ id, name, verb, effect }) => ({ id, name, verb, effect })),
      inputs_schema: inputsJsonSchema(runbook.inputs),
      source: runbook.text,
    });
  });
  routes.ask("/runbooks/:name/plan", mayOfRunbook("plan"), async (request: Request, response: Response) => {
    const { name } = runbookNamed(dependencies, String(request.params["name"]));
    const { inputs, dry_run: isDryRun } = parseBody(planBody, request);
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

function runbookShape(runbook: Runbook): Record<string, unknown> {
  return {
    name: runbook.name,
    title: runbook.title,
    description: runbook.description,
    owner: runbook.owner,
    tags: runbook.tags,
    inputs: [...runbook.inputs.values()].map(inputShape),
    confirm: runbook.confirm,
  };
}

/** What a start would run; `guards` is null where none was judged, `expectedDuration` where it is not known. */
export function plannedShape(
  {
    runbook,
    plan,
    digest,
    guards,
    expectedDuration,
  }: Pick<PlannedRun, "runbook" | "plan" | "digest" | "expectedDuration"> & {
    readonly guards: readonly GuardResult[] | null;
  },
  runbooks: ReadonlyMap<string, Runbook>,
): Record<string, unknown> {
  const called = new Map(calledRunbooks(runbooks, plan).map((one) => [one.digest, one]));
  return {
    runbook: runbook.name,
    digest,
    inputs: plan.inputs,
    hosts: plan.hosts.map((host) => host.name),
    steps: allInstances({ run: { plan }, runbook, called })
      .filter(({ section }) => section === "steps")
      .map(({ step }) => ({
        id: step.id,
        name: step.name,
        verb: step.verb,
        effect: step.effect,
        host: hostOf(plan, step.id)?.name ?? null,
        if: step.if?.source ?? null,
        preview: step.preview?.script ?? null,
      })),
    confirm: confirmationOf(runbook, plan),
    guards: guards?.map(guardShape) ?? null,
    expected_duration: expectedDuration === null ? null : durationShape(expectedDuration),
  };
}

function durationShape({ medianMs, p90Ms, runs }: ExpectedDuration): Record<string, unknown> {
  return { median_seconds: medianMs / 1_000, p90_seconds: p90Ms / 1_000, runs };
}
