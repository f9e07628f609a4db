import type { Request, Response } from "express";
import type { BundleFormat } from "../../archive/bundle-store.ts";
import { openAlertBundle } from "../../engine/alert-bundle.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { readEpisode } from "../../store/episodes.ts";
import { downloadAnswers, downloadHeaders, downloadProblems } from "../download-facts.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { BUNDLES, sendAndDispose } from "./run-files.ts";

/** The bundle of an alert: all of its runs in one archive. */
export function alertBundleRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Alerts");
  for (const { format, id, type } of BUNDLES) {
    const facts = {
      id: `getAlert${id}`,
      summary: "The bundles of all runs of an alert in one archive",
      headers: downloadHeaders,
      answers: downloadAnswers("The bundle.", [type]),
      problems: downloadProblems,
    };
    routes.get(`/alerts/:id/bundle.${format}`, may("read_evidence"), facts, (request, response) =>
      sendAlertBundle(dependencies, format, request, response),
    );
  }
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
