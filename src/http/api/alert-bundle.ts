import type { Request, Response } from "express";
import type { BundleFormat } from "../../archive/bundle-store.ts";
import { openAlertBundle } from "../../engine/alert-bundle.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { readEpisode } from "../../store/episodes.ts";
import { notFound } from "../problems.ts";
import { sendAndDispose } from "./run-files.ts";
import { may, Routes } from "../routes.ts";

/** The bundle of an alert: all of its runs in one archive. */
export function alertBundleRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  for (const format of ["zip", "tar.gz"] as const)
    routes.get(`/alerts/:id/bundle.${format}`, may("read_evidence"), (request, response) =>
      sendAlertBundle(dependencies, format, request, response),
    );
  return routes;
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
