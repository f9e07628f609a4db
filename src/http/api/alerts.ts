import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { listEpisodes, readEpisode } from "../../store/episodes.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { readEpisodeDetails } from "./alert-details.ts";
import { pageQuery } from "./query.ts";
import { alertDetailsSchema, alertSchema, episodeDetailsShape, episodeShape } from "./shapes/alert.ts";
import { listOf } from "./shapes/common.ts";

const listFacts = {
  id: "listAlerts",
  summary: "Alerts, one firing period each, newest first",
  query: pageQuery,
  answers: { 200: listOf(alertSchema) },
};
const getFacts = {
  id: "getAlert",
  summary: "One alert, with its runs and what was decided",
  answers: { 200: alertDetailsSchema },
};

/** Alerts, one episode each. */
export function alertRoutes(
  dependencies: Pick<EngineDependencies, "store" | "catalog" | "externalUrl">,
): ApiRoutes {
  const { store, externalUrl } = dependencies;
  const routes = new ApiRoutes("Alerts");
  routes.get("/alerts", may("see"), listFacts, async (_request, response, { query: page }) => {
    const episodes = await listEpisodes(store.reader, page.limit + 1, page.after);
    const shown = episodes.slice(0, page.limit);
    response.json({
      items: shown.map((episode) => episodeShape(externalUrl, episode)),
      next: episodes.length > page.limit ? (shown.at(-1)?.id ?? null) : null,
    });
  });
  routes.get("/alerts/:id", may("see"), getFacts, async (request, response) => {
    const id = String(request.params["id"]);
    const episode = isId(id) ? await readEpisode(store.reader, id) : null;
    if (episode === null) throw notFound(`there is no alert ${id.slice(0, 64)}`);
    response.json(
      episodeDetailsShape(externalUrl, episode, await readEpisodeDetails(request, dependencies, episode)),
    );
  });
  return routes;
}
