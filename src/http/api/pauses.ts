import type { Request, Response } from "express";
import { z } from "zod";
import { addPause, removePause } from "../../engine/controls.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { nameSchema } from "../../platform/schemas.ts";
import type { Pause } from "../../runs/guard-records.ts";
import { listPauses } from "../../store/pauses.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { located } from "../operation.ts";
import { ApiRoutes, may } from "../routes.ts";
import { endOf, newPauseSchema } from "./control-schemas.ts";
import { invalidBody } from "./json-body.ts";
import { flagParameter, pageKeys } from "./query.ts";
import { idSchema, listOf, problemSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { principalSchema } from "./shapes/words.ts";

const pauseSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    scope: z.string(),
    reason: z.string(),
    principal: principalSchema,
    created_at: timeSchema,
    until: timeSchema,
    active: z.boolean(),
    removed_at: timeSchema.nullable(),
    removed_by: principalSchema.nullable(),
  })
  .meta({ id: "Pause" });

const listQuery = z.strictObject({ ...pageKeys(), history: flagParameter("All that ever were.") });
const listFacts = {
  id: "listPauses",
  summary: "Pauses in force, newest first",
  query: listQuery,
  answers: { 200: listOf(pauseSchema) },
};
const createFacts = {
  id: "createPause",
  summary: "Stops automation for a time",
  body: newPauseSchema,
  answers: { 201: located(pauseSchema) },
  problems: { 409: problemSchema },
};
const endFacts = { id: "endPause", summary: "Ends a pause early", answers: { 200: pauseSchema } };

/** Stops of automation: those in force, those that were, new ones, and their early end. */
export function pauseRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Controls");
  routes.get("/pauses", may("see"), listFacts, (_request, response, { query }) =>
    sendPauses(dependencies, query, response),
  );
  routes.post("/pauses", may("operate"), createFacts, (request, response, { body }) =>
    createPause(dependencies, body, request, response),
  );
  routes.delete("/pauses/:name", may("operate"), endFacts, (request, response) =>
    endPause(dependencies, request, response),
  );
  return routes;
}

/** Those in force; with `?history=true` all that ever were. Newest first. */
async function sendPauses(
  { store }: EngineDependencies,
  { history, ...page }: z.output<typeof listQuery>,
  response: Response,
): Promise<void> {
  const nowMs = await store.nowMs(store.reader);
  const activeAtMs = history ? null : nowMs;
  const pauses = await listPauses(store.reader, activeAtMs, page.limit + 1, page.after);
  const shown = pauses.slice(0, page.limit);
  response.json({
    items: shown.map((pause) => pauseShape(pause, nowMs)),
    next: pauses.length > page.limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

async function createPause(
  dependencies: EngineDependencies,
  body: z.output<typeof newPauseSchema>,
  request: Request,
  response: Response,
): Promise<void> {
  const { store } = dependencies;
  const nowMs = await store.nowMs(store.reader);
  const { name, scope, reason } = body;
  const untilMs = endOf(body, nowMs);
  const added = await addPause(dependencies, {
    name,
    scope,
    reason,
    by: actorOf(request),
    untilMs,
  });
  switch (added.kind) {
    case "bad_scope":
      throw invalidBody([{ pointer: "/scope", code: "bad_scope", message: added.message }]);
    case "name_taken":
      throw new HttpProblem(
        409,
        "Name taken",
        `a pause named ${name} is in force; remove it first, or take another name`,
        { errors: [{ pointer: "/name", code: "taken", message: "a pause of this name is in force" }] },
      );
    case "added":
      response.status(201).location(`/api/v1/pauses/${name}`).json(pauseShape(added.pause, nowMs));
  }
}

async function endPause(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const name = String(request.params["name"]);
  const isPossible = isId(name) || nameSchema.safeParse(name).success;
  const removed = isPossible ? await removePause(dependencies, name, actorOf(request)) : null;
  if (removed?.kind !== "removed") throw notFound(`no pause named ${name.slice(0, 64)} is in force`);
  const { pause } = removed;
  response.json(pauseShape(pause, pause.removedAtMs ?? 0));
}

function pauseShape(pause: Pause, nowMs: number): Shape<typeof pauseSchema> {
  // One that went to its end was removed by nobody, even where a later one of its name has closed it.
  const wasRemoved = pause.removedBy !== null;
  return {
    id: pause.id,
    name: pause.name,
    scope: pause.scope,
    reason: pause.reason,
    principal: pause.principal,
    created_at: rfc3339(pause.createdAtMs),
    until: rfc3339(pause.untilMs),
    active: pause.removedAtMs === null && pause.untilMs > nowMs,
    removed_at: wasRemoved ? rfc3339(pause.removedAtMs) : null,
    removed_by: pause.removedBy,
  };
}
