import type { Request, Response } from "express";
import { addPause, removePause } from "../../engine/controls.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { nameSchema } from "../../platform/schemas.ts";
import type { Pause } from "../../runs/guard-records.ts";
import { listPauses } from "../../store/pauses.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { endOf, pauseSchema } from "./control-schemas.ts";
import { invalidBody, parseBody } from "./json-body.ts";
import { readPage } from "./paging.ts";
import { may, Routes } from "../routes.ts";

/** Stops of automation: those in force, those that were, new ones, and their early end. */
export function pauseRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.get("/pauses", may("see"), (request, response) => sendPauses(dependencies, request, response));
  routes.post("/pauses", may("operate"), (request, response) => createPause(dependencies, request, response));
  routes.delete("/pauses/:name", may("operate"), (request, response) =>
    endPause(dependencies, request, response),
  );
  return routes;
}

/** Those in force; with `?history=true` all that ever were. Newest first. */
async function sendPauses(
  { store }: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const page = readPage(request);
  const { history = "false" } = request.query;
  if (history !== "true" && history !== "false")
    throw new HttpProblem(400, "Bad request", "history is true or false");
  const nowMs = await store.nowMs(store.reader);
  const activeAtMs = history === "true" ? null : nowMs;
  const pauses = await listPauses(store.reader, activeAtMs, page.limit + 1, page.after);
  const shown = pauses.slice(0, page.limit);
  response.json({
    items: shown.map((pause) => pauseShape(pause, nowMs)),
    next: pauses.length > page.limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

async function createPause(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { store } = dependencies;
  const body = parseBody(pauseSchema, request);
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

function pauseShape(pause: Pause, nowMs: number): Record<string, unknown> {
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
