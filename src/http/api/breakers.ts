import type { Request, Response } from "express";
import { resetBreaker } from "../../engine/controls.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { nameSchema } from "../../platform/schemas.ts";
import { actorOf } from "../actor.ts";
import { notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { nothingSchema } from "./control-schemas.ts";
import { parseBody } from "./json-body.ts";
import { may, Routes } from "../routes.ts";

/** The breaker of a rule, for whoever has repaired what made it fail. */
export function breakerRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.post("/rules/:name/breaker/reset", may("operate"), async (request: Request, response: Response) => {
    parseBody(nothingSchema, request);
    const rule = String(request.params["name"]);
    const isPossible = nameSchema.safeParse(rule).success;
    const reset = isPossible ? await resetBreaker(dependencies, rule, actorOf(request)) : null;
    if (reset?.kind !== "reset") throw notFound(`there is no rule ${rule.slice(0, 64)}`);
    response.json({ rule, was_open: reset.wasOpen, counted_from: rfc3339(reset.atMs) });
  });
  return routes;
}
