import type { Request, Response } from "express";
import type { Actor } from "../audit/entry.ts";
import type { Metrics } from "../platform/metrics.ts";
import { actorOf } from "./actor.ts";
import { HttpProblem } from "./problems.ts";
import { may, OPEN, Routes } from "./routes.ts";

export interface HealthDependencies {
  readonly metrics: Metrics;
  /** Brings up to date what is counted in the database. */
  readonly beforeScrape: () => Promise<void>;
  /** Null when the service takes deliveries; otherwise why not. */
  readonly whyNotReady: () => Promise<string | null>;
}

/** The endpoints that Prometheus' own programs have, with the same paths and answers; nobody is asked who they are. */
export function healthRoutes(dependencies: HealthDependencies): Routes {
  const routes = new Routes();
  routes.get(
    "/-/healthy",
    OPEN,
    (_request: Request, response: Response) => void response.type("text").send("Nightshift is healthy.\n"),
  );
  routes.get("/-/ready", OPEN, async (_request: Request, response: Response) => {
    const reason = await dependencies.whyNotReady();
    if (reason === null) response.type("text").send("Nightshift is ready.\n");
    else response.status(503).type("text").send(`Nightshift is not ready: ${reason}\n`);
  });
  routes.get("/metrics", OPEN, async (_request: Request, response: Response) => {
    // A database that is away must not take the metrics that say so with it.
    await dependencies.beforeScrape().catch(() => {});
    response
      .type(dependencies.metrics.registry.contentType)
      .send(await dependencies.metrics.registry.metrics());
  });
  return routes;
}

/** `reload` is null when reloading over HTTP is not enabled. It resolves with what is wrong, empty when the new configuration is in use. */
export function lifecycleRoutes(reload: ((by: Actor) => Promise<readonly string[]>) | null): Routes {
  const routes = new Routes();
  routes.post("/-/reload", may("administer"), async (request: Request, response: Response) => {
    if (reload === null)
      throw new HttpProblem(
        403,
        "Lifecycle API is not enabled",
        "start with --web.enable-lifecycle, or send SIGHUP",
      );
    const problems = await reload(actorOf(request));
    if (problems.length === 0) return void response.type("text").send("reloaded\n");
    response
      .status(422)
      .type("text")
      .send(`the earlier configuration stays in use\n${problems.join("\n")}\n`);
  });
  return routes;
}
