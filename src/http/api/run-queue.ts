import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { readRunLine } from "../../engine/run-line.ts";
import { rfc3339 } from "../times.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { seesRun } from "../visibility.ts";
import { findRun } from "./runs.ts";
import { countSchema, idSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { reasonSchema, runStateSchema } from "./shapes/words.ts";

const holderSchema = z
  .object({
    kind: z.enum(["host", "lock", "rule", "runbook"]).meta({
      description: "A lock on a host, another lock, or a place of the `concurrency` of a rule or runbook.",
    }),
    name: z.string(),
    run: z
      .object({
        id: idSchema,
        runbook: z.string(),
        status: runStateSchema,
        started_at: timeSchema.nullable(),
        url: z.url(),
      })
      .nullable()
      .meta({
        description: "The run that has it; null where whoever asks may not see it, or it has just ended.",
      }),
  })
  .meta({ id: "QueueHolder" });

const queueSchema = z
  .object({
    queued: z.boolean(),
    reason: reasonSchema.nullable(),
    retry_at: timeSchema.nullable().meta({ description: "When it is looked at again, whatever happens." }),
    ahead: countSchema.meta({ description: "Queued runs that are looked at before it." }),
    running: countSchema.meta({ description: "Runs at work, on all nodes." }),
    slots: countSchema.meta({ description: "`limits.max_runs` of the node that answers." }),
    held_by: z.array(holderSchema),
  })
  .meta({ id: "RunQueue" });

const facts = {
  id: "getRunQueue",
  summary: "What a queued run waits for: who has its locks or places, and how many runs are before it",
  answers: { 200: queueSchema },
};

/** What a queued run waits for. */
export function runQueueRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  routes.get("/runs/:id/queue", mayOfRun("see"), facts, async (request, response) => {
    const run = await findRun(dependencies.store, request);
    const { holders, ...line } = await readRunLine(dependencies, run);
    const queued = run.state === "queued";
    const answer: Shape<typeof queueSchema> = {
      queued,
      reason: queued ? run.heldReason : null,
      retry_at: queued ? rfc3339(run.heldUntilMs) : null,
      ...line,
      held_by: holders.map(({ kind, name, run: holder }) => ({
        kind,
        name,
        run:
          holder === null || !seesRun(request, dependencies, holder)
            ? null
            : {
                id: holder.id,
                runbook: holder.runbook,
                status: holder.state,
                started_at: rfc3339(holder.startedAtMs),
                url: `${dependencies.externalUrl}/runs/${holder.id}`,
              },
      })),
    };
    response.json(answer);
  });
  return routes;
}
