import { z } from "zod";
import type { Actor } from "../../audit/entry.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";

const facts = {
  id: "reload",
  summary: "Loads settings and files anew; all of them, or none",
  answers: { 200: z.object({ reloaded: z.boolean() }) },
};

/** `reload` resolves with what is wrong; empty when the new configuration is in use. */
export function reloadRoutes(reload: (by: Actor) => Promise<readonly string[]>): ApiRoutes {
  const routes = new ApiRoutes("Service");
  routes.post("/admin/reload", may("administer"), facts, async (request, response) => {
    const problems = await reload(actorOf(request));
    if (problems.length === 0) return void response.json({ reloaded: true });
    const errors = problems.map((message) => ({ pointer: "", code: "file", message }));
    throw new HttpProblem(422, "Files refused", "the earlier configuration stays in use", { errors });
  });
  return routes;
}
