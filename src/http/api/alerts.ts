import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { readEpisode } from "../../store/episodes.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { readEpisodeDetails } from "./alert-details.ts";
import { alertsQuery, searchAlerts } from "./alert-search.ts";
import { alertDetailsSchema, alertSchema, episodeDetailsShape, episodeShape } from "./shapes/alert.ts";
import { listOf } from "./shapes/common.ts";

const listFacts = {
  id: "listAlerts",
  summary: "Alerts, one firing period each, newest first",
  query: alertsQuery,
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
  routes.get("/alerts", may("see"), listFacts, async (_request, response, { query }) => {
    const { items, next } = await searchAlerts(store.reader, query);
    response.json({ items: items.map((episode) => episodeShape(externalUrl, episode)), next });
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
