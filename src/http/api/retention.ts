import type { Request, Response } from "express";
import { z } from "zod";
import type { Actor } from "../../audit/entry.ts";
import { addAudit } from "../../engine/audit.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { RetentionReport } from "../../engine/retention-report.ts";
import type { Retention } from "../../engine/retention.ts";
import { pinRun, readKeeping, unpinRun } from "../../store/run-keeping.ts";
import { actorOf } from "../actor.ts";
import { parseBody } from "./json-body.ts";
import { findRun } from "./runs.ts";
import { keepingShape } from "./shapes.ts";
import { may, mayOfRun, Routes } from "../routes.ts";

const gcSchema = z.strictObject({
  dry_run: z.boolean().default(false),
  unknown: z.boolean().default(false),
});

/** What is kept and what goes: pins, and removal at once. */
export function retentionRoutes(dependencies: EngineDependencies, retention: Retention): Routes {
  const routes = new Routes();
  routes.post("/runs/:id/pin", mayOfRun("manage_run"), (request, response) =>
    pin(dependencies, true, request, response),
  );
  routes.delete("/runs/:id/pin", mayOfRun("manage_run"), (request, response) =>
    pin(dependencies, false, request, response),
  );
  routes.post("/admin/gc", may("administer"), async (request: Request, response: Response) => {
    const { dry_run: isDryRun, unknown: removesUnknown } = parseBody(gcSchema, request);
    if (!isDryRun) await noteRemoval(dependencies, actorOf(request), removesUnknown);
    response.json(reportShape(await retention.pass({ isDryRun, isThorough: true, removesUnknown })));
  });
  return routes;
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

function reportShape(report: RetentionReport): Record<string, unknown> {
  return {
    dry_run: report.isDryRun,
    removed: [...report.removed].map(([kind, { count, bytes }]) => ({ kind, count, bytes })),
    archive: { bytes: report.archiveBytes, max_bytes: report.maxBytes },
    missing: { files: report.missing, more: report.missingMore },
    unknown: report.unknown,
  };
}
