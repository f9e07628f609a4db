import type { Request, Response } from "express";
import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { RetentionReport } from "../../engine/retention-report.ts";
import type { Retention } from "../../engine/retention.ts";
import { pinRun, readKeeping, unpinRun } from "../../store/run-keeping.ts";
import { principalOf } from "../identity.ts";
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
    response.json(reportShape(await retention.pass({ isDryRun, isThorough: true, removesUnknown })));
  });
  return routes;
}

/** May be repeated: a pin that is there stays as it is. */
async function pin(
  { store }: EngineDependencies,
  isPinned: boolean,
  request: Request,
  response: Response,
): Promise<void> {
  const { id } = await findRun(store, request);
  await store.transaction(async (tx) => {
    if (isPinned) await pinRun(tx, id, { atMs: await store.nowMs(tx), by: principalOf(request).id });
    else await unpinRun(tx, id);
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
