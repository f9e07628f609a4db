import { type Request, type Response, Router } from "express";
import type { BundleFormat } from "../../archive/bundle-store.ts";
import { openAlertBundle } from "../../engine/alert-bundle.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { readEpisode } from "../../store/episodes.ts";
import { notFound } from "../problems.ts";
import { sendAndDispose } from "./run-files.ts";

/** The bundle of an alert: all of its runs in one archive. */
export function alertBundleRoutes(dependencies: EngineDependencies): Router {
  const router = Router();
  for (const format of ["zip", "tar.gz"] as const)
    router.get(`/alerts/:id/bundle.${format}`, (request, response) =>
      sendAlertBundle(dependencies, format, request, response),
    );
  return router;
}

async function sendAlertBundle(
  dependencies: EngineDependencies,
  format: BundleFormat,
  request: Request,
  response: Response,
): Promise<void> {
  const id = String(request.params["id"]);
  const episode = isId(id) ? await readEpisode(dependencies.store.reader, id) : null;
  if (episode === null) throw notFound(`there is no alert ${id.slice(0, 64)}`);
  const { bundle, dispose } = await openAlertBundle(dependencies, episode);
  await sendAndDispose(request, response, bundle, format, dispose);
}
