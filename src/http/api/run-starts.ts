import type { Request, Response } from "express";
import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { missingInputs, rerunInputs } from "../../engine/rerun.ts";
import type { RunQueue } from "../../engine/run-queue.ts";
import { type CallerKey, callerKey } from "../../engine/start-key.ts";
import { startRun, type StartResult } from "../../engine/start-run.ts";
import { starterOf } from "../../engine/starter.ts";
import { actorOf } from "../actor.ts";
import { principalOf } from "../identity.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { located } from "../operation.ts";
import { ApiRoutes, mayOfRun, mayOfRunbook } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { readRunExtras } from "./run-extras.ts";
import { badInputs } from "./runbooks.ts";
import { findRun } from "./runs.ts";
import { problemSchema, timeSchema } from "./shapes/common.ts";
import { runSchema, runShape } from "./shapes/run.ts";
import { reasonSchema } from "./shapes/words.ts";

const REASON_CHARS_MAX = 2_000;

/** As the draft of the header has it; ours is any text without control characters. */
const KEY = /^[\x20-\x7e]{1,255}$/;

const startBody = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}),
  reason: z.string().min(1).max(REASON_CHARS_MAX).nullish(),
  confirm: z.string().nullish(),
  plan_digest: z.string().min(1).nullish(),
  dry_run: z.boolean().optional(),
});

export type StartBody = z.output<typeof startBody>;

const heldBackSchema = problemSchema
  .extend({
    reason: reasonSchema,
    retry_at: timeSchema.nullable(),
    against: z.array(
      z.object({ reason: reasonSchema, verdict: z.enum(["queues", "delays", "refuses"]), text: z.string() }),
    ),
  })
  .meta({ id: "HeldBack", description: "Guards speak against it." });
const otherPlanSchema = problemSchema
  .extend({ plan_digest: z.string(), given_plan_digest: z.string() })
  .meta({ id: "OtherPlan", description: "What would run is not what was looked at." });
const mayNotSchema = problemSchema
  .extend({ may_run: z.array(z.string()) })
  .meta({ id: "MayNotRun", description: "Whoever asks is not in `access.run`." });

/** What every call that starts a run has. */
export const startFacts = {
  body: startBody,
  headers: [
    {
      name: "Idempotency-Key",
      description: "For 24 h the same call with the same key is answered with the same run.",
      schema: z.string().regex(KEY),
    },
  ],
  answers: { 202: located(runSchema) },
  problems: {
    403: z.union([mayNotSchema, problemSchema]),
    404: problemSchema,
    409: z.union([heldBackSchema, otherPlanSchema, problemSchema]),
  },
};
const runFacts = { ...startFacts, id: "startRun", summary: "Starts a runbook" };
const rerunFacts = {
  ...startFacts,
  id: "rerun",
  summary: "Starts the runbook of a run as it is now, with the inputs of that run",
};

/** Starts by people and programs: a runbook with inputs, or a run once more. */
export function runStartRoutes(dependencies: EngineDependencies, queue: RunQueue): ApiRoutes {
  const routes = new ApiRoutes("Starts");
  routes.post(
    "/runbooks/:name/runs",
    mayOfRunbook("start"),
    runFacts,
    async (request, response, { body }) => {
      const runbook = String(request.params["name"]);
      await answerStart(dependencies, queue, { request, response, runbook, body });
    },
  );
  routes.post(
    "/runs/:id/rerun",
    mayOfRun("start"),
    rerunFacts,
    async (request, response, { body: given }) => {
      const { plan, runbook, isDryRun } = await findRun(dependencies.store, request);
      const known = dependencies.catalog.current().runbooks.get(runbook);
      refuseMissing(missingInputs(plan, known, given.inputs), runbook);
      // What was only tried is tried again, unless somebody says that it is meant now.
      const inputs = rerunInputs(plan, known, given.inputs);
      const body = { ...given, inputs, dry_run: given.dry_run ?? isDryRun };
      await answerStart(dependencies, queue, { request, response, runbook, body });
    },
  );
  return routes;
}

/** Throws 422 for what has to be given once more. */
function refuseMissing(names: readonly string[], runbook: string): void {
  if (names.length === 0) return;
  const message = `was given to that run and is not kept; give it again, or start ${runbook} itself without it`;
  const errors = names.map((name) => ({ pointer: `/${name}`, code: "required" as const, message }));
  throw badInputs({ about: "inputs", errors });
}

export interface StartCall {
  readonly request: Request;
  readonly response: Response;
  readonly runbook: string;
  /** With the inputs that the run is started with. */
  readonly body: StartBody;
  /** As in the engine's request. */
  readonly locks?: readonly string[];
}

/** Starts a run for whoever sent the request, and answers 202 with it. Throws the problem that keeps it from starting. */
export async function answerStart(
  dependencies: EngineDependencies,
  queue: RunQueue,
  { request, response, runbook, body, locks = [] }: StartCall,
): Promise<void> {
  const result = await startRun(dependencies, queue, {
    runbook,
    inputs: body.inputs,
    starter: starterOf(principalOf(request)),
    by: actorOf(request),
    isDryRun: body.dry_run ?? false,
    reason: body.reason ?? null,
    confirm: body.confirm ?? null,
    planDigest: body.plan_digest ?? null,
    key: keyOf(dependencies, request),
    locks,
  });
  if (result.kind !== "started" && result.kind !== "repeated") throw problemOf(result, runbook, body);
  const { store, externalUrl } = dependencies;
  const shape = runShape(externalUrl, result.run, await readRunExtras(store, result.run.id));
  const waitsFor = result.kind === "started" ? result.waitsFor : null;
  response
    .status(202)
    .location(`/api/v1/runs/${result.run.id}`)
    .json(waitsFor === null ? shape : { ...shape, reason: waitsFor });
}

function keyOf({ inputKey }: EngineDependencies, request: Request): CallerKey | null {
  const key = request.get("idempotency-key");
  if (key === undefined) return null;
  if (!KEY.test(key))
    throw new HttpProblem(400, "Bad request", "Idempotency-Key has 1 to 255 printable ASCII characters");
  return callerKey(inputKey, key, { path: request.path, body: request.body as unknown });
}

function problemOf(
  result: Exclude<StartResult, { kind: "started" | "repeated" }>,
  runbook: string,
  body: StartBody,
): HttpProblem {
  switch (result.kind) {
    case "no_runbook":
      return notFound(`there is no runbook ${runbook.slice(0, 64)}`);
    case "not_allowed":
      return notAllowed(runbook, result.may);
    case "bad_inputs":
      return badInputs(result);
    case "not_confirmed":
      return notConfirmed(result.confirmation.input, body.confirm ?? null);
    case "other_plan":
      return otherPlan(result.digest, body.plan_digest ?? "");
    case "key_of_another_call":
      return new HttpProblem(
        422,
        "Key used before",
        "another call was made with this Idempotency-Key; take a new key for a new start",
      );
    case "repeated_run_gone":
      return new HttpProblem(
        409,
        "Run removed",
        "what was started with this Idempotency-Key is no longer kept",
      );
    case "held_back":
      return heldBack(result);
  }
}

function notAllowed(runbook: string, may: readonly string[]): HttpProblem {
  const detail =
    may.length === 0
      ? `${runbook} names nobody who may run it; add access: {run: [...]} to the runbook`
      : `${runbook} may be run by ${may.join(", ")}`;
  return new HttpProblem(403, "Not allowed", detail, { members: { may_run: may } });
}

function notConfirmed(input: string, given: string | null): HttpProblem {
  const message =
    given === null
      ? `type the value of the input "${input}" to confirm the start`
      : `is not the value of the input "${input}"`;
  const error = { pointer: "/confirm", code: given === null ? "missing" : "not_confirmed", message };
  return new HttpProblem(422, "Not confirmed", `the start is confirmed by the value of "${input}"`, {
    errors: [error],
  });
}

function otherPlan(digest: string, given: string): HttpProblem {
  const detail = "what would run is no longer what you have seen; look at the plan again, then start";
  const error = { pointer: "/plan_digest", code: "other_plan", message: "is not the plan of this start" };
  return new HttpProblem(409, "Other plan", detail, {
    errors: [error],
    members: { plan_digest: digest, given_plan_digest: given },
  });
}

function heldBack({
  reason,
  text,
  retryAtMs,
  against,
}: Extract<StartResult, { kind: "held_back" }>): HttpProblem {
  const members = {
    reason,
    retry_at: rfc3339(retryAtMs),
    against: against.map((verdict) => ({
      reason: verdict.reason,
      verdict: verdict.kind,
      text: verdict.text,
    })),
  };
  return new HttpProblem(409, "Held back", text, { members });
}
