import { z } from "zod";
import { resetBreaker } from "../../engine/controls.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { nameSchema } from "../../platform/schemas.ts";
import { actorOf } from "../actor.ts";
import { notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { ApiRoutes, may } from "../routes.ts";
import { timeSchema } from "./shapes/common.ts";

const facts = {
  id: "resetBreaker",
  summary: "Closes the breaker of a rule, and counts anew from now on",
  answers: { 200: z.object({ rule: z.string(), was_open: z.boolean(), counted_from: timeSchema }) },
};

/** The breaker of a rule, for whoever has repaired what made it fail. */
export function breakerRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Rules");
  routes.post("/rules/:name/breaker/reset", may("operate"), facts, async (request, response) => {
    const rule = String(request.params["name"]);
    const isPossible = nameSchema.safeParse(rule).success;
    const reset = isPossible ? await resetBreaker(dependencies, rule, actorOf(request)) : null;
    if (reset?.kind !== "reset") throw notFound(`there is no rule ${rule.slice(0, 64)}`);
    response.json({ rule, was_open: reset.wasOpen, counted_from: rfc3339(reset.atMs) });
  });
  return routes;
}
