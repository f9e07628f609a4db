import type { Request, Response } from "express";
import { z } from "zod";
import type { Actor } from "../../audit/entry.ts";
import { addAudit } from "../../engine/audit.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { RETENTION_KINDS, RETENTION_STAGES, type RetentionReport } from "../../engine/retention-report.ts";
import { RemovalBusyError, type RemovalJob, RemovalJobs } from "../../engine/removal-jobs.ts";
import type { Retention } from "../../engine/retention.ts";
import { pinRun, readKeeping, unpinRun } from "../../store/run-keeping.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { located } from "../operation.ts";
import { ApiRoutes, may, mayOfRun } from "../routes.ts";
import { findRun } from "./runs.ts";
import { countSchema, idSchema, problemSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { keepingSchema, keepingShape } from "./shapes/run.ts";

const gcSchema = z.strictObject({
  dry_run: z.boolean().default(false),
  unknown: z.boolean().default(false),
});

const removedSchema = z.object({ count: countSchema, bytes: countSchema });

const reportSchema = z.object({
  dry_run: z.boolean(),
  removed: z.array(removedSchema.extend({ kind: z.enum(RETENTION_KINDS) })),
  archive: z.object({ bytes: countSchema, max_bytes: countSchema }),
  missing: z.object({ files: z.array(z.string()), more: countSchema }),
  unknown: removedSchema,
});

const jobSchema = z
  .object({
    id: idSchema,
    status: z.enum(["running", "done", "failed"]),
    started_at: timeSchema,
    stage: z.enum(RETENTION_STAGES),
    compared_runs: countSchema,
    removed: countSchema,
    report: reportSchema.nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: "Removal" });

const pinAnswers = { 200: keepingSchema.extend({ id: idSchema }).meta({ id: "Keeping" }) };
const pinFacts = {
  id: "pinRun",
  summary: "Keeps a run and its files beyond their time",
  answers: pinAnswers,
};
const unpinFacts = { id: "unpinRun", summary: "Lets a run go when its time has come", answers: pinAnswers };
const removeFacts = {
  id: "removeOld",
  summary: "Removes now what is too old, or says what would be removed",
  body: gcSchema,
  answers: { 202: located(jobSchema) },
  problems: { 409: problemSchema },
};
const removalFacts = {
  id: "getRemoval",
  summary: "How far a removal has come",
  answers: { 200: jobSchema },
};

/** What is kept and what goes: pins, and removal at once. */
export function retentionRoutes(dependencies: EngineDependencies, retention: Retention): ApiRoutes {
  const routes = new ApiRoutes("Keeping");
  routes.post("/runs/:id/pin", mayOfRun("manage_run"), pinFacts, (request, response) =>
    pin(dependencies, true, request, response),
  );
  routes.delete("/runs/:id/pin", mayOfRun("manage_run"), unpinFacts, (request, response) =>
    pin(dependencies, false, request, response),
  );
  const jobs = new RemovalJobs(retention, dependencies);
  routes.post("/admin/gc", may("administer"), removeFacts, async (request, response, { body }) => {
    const { dry_run: isDryRun, unknown: removesUnknown } = body;
    const options = { isDryRun, isThorough: true, removesUnknown };
    const isJoined = orBusy(() => jobs.underWay(options)) !== undefined;
    if (!isDryRun && !isJoined) await noteRemoval(dependencies, actorOf(request), removesUnknown);
    const job = orBusy(() => jobs.start(options));
    response.status(202).location(`/api/v1/admin/gc/${job.id}`).json(jobShape(job));
  });
  routes.get("/admin/gc/:id", may("administer"), removalFacts, (request, response) => {
    const job = jobs.get(String(request.params["id"]));
    if (job === null)
      throw notFound("there is no such removal; if the service was started anew meanwhile, begin it again");
    response.json(jobShape(job));
  });
  return routes;
}

function orBusy<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof RemovalBusyError) throw new HttpProblem(409, "Conflict", error.message);
    throw error;
  }
}

/** Before anything is removed, which takes many transactions. */
async function noteRemoval(
  dependencies: EngineDependencies,
  by: Actor,
  removesUnknown: boolean,
): Promise<void> {
  const { store } = dependencies;
  await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const subject = { kind: "service", id: "archive" } as const;
    await addAudit(tx, dependencies, {
      atMs,
      by,
      action: "gc",
      subject,
      detail: { unknown: removesUnknown },
    });
  });
}

/** May be repeated: a pin that is there stays as it is. */
async function pin(
  dependencies: EngineDependencies,
  isPinned: boolean,
  request: Request,
  response: Response,
): Promise<void> {
  const { store } = dependencies;
  const { id, runbook } = await findRun(store, request);
  const by = actorOf(request);
  await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const isChanged = isPinned ? await pinRun(tx, id, { atMs, by: by.principal }) : await unpinRun(tx, id);
    const action = isPinned ? "run.pin" : "run.unpin";
    if (isChanged)
      await addAudit(tx, dependencies, {
        atMs,
        by,
        action,
        subject: { kind: "run", id },
        detail: { runbook },
      });
  });
  response.json({ id, ...keepingShape((await readKeeping(store.reader, [id])).get(id)) });
}

function jobShape({ id, state, startedAtMs, progress, report, error }: RemovalJob): Shape<typeof jobSchema> {
  return {
    id,
    status: state,
    started_at: new Date(startedAtMs).toISOString(),
    stage: progress.stage,
    compared_runs: progress.comparedRuns,
    removed: progress.removed,
    report: report === null ? null : reportShape(report),
    error,
  };
}

function reportShape(report: RetentionReport): Shape<typeof reportSchema> {
  return {
    dry_run: report.isDryRun,
    removed: [...report.removed].map(([kind, { count, bytes }]) => ({ kind, count, bytes })),
    archive: { bytes: report.archiveBytes, max_bytes: report.maxBytes },
    missing: { files: report.missing, more: report.missingMore },
    unknown: report.unknown,
  };
}
