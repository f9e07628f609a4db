import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { readEpisode } from "../../store/episodes.ts";
import type { Request } from "express";
import { readDeliveryBody } from "../../store/deliveries.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { readEpisodeDetails } from "./alert-details.ts";
import { alertsQuery, searchAlerts } from "./alert-search.ts";
import { readLastDecisionShapes } from "./last-decision.ts";
import { alertDetailsSchema, alertSchema, episodeDetailsShape, episodeShape } from "./shapes/alert.ts";
import { listOf, problemSchema } from "./shapes/common.ts";

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

const deliveryFacts = {
  id: "getAlertDelivery",
  summary: "The body of the delivery that brought an alert first, byte for byte",
  answers: {
    200: {
      kind: "media",
      mediaTypes: ["application/octet-stream"],
      description: "As the source sent it.",
      headers: [{ name: "Content-Disposition", description: "The name of the file." }],
    },
  },
  problems: { 410: problemSchema },
} as const;

/** Alerts, one episode each. */
export function alertRoutes(
  dependencies: Pick<EngineDependencies, "store" | "catalog" | "externalUrl">,
): ApiRoutes {
  const { store, externalUrl } = dependencies;
  const routes = new ApiRoutes("Alerts");
  routes.get("/alerts", may("see"), listFacts, async (request, response, { query }) => {
    const { items, next } = await searchAlerts(store.reader, query);
    const ids = items.map(({ id }) => id);
    const decisions = await readLastDecisionShapes(request, dependencies, ids);
    const shapes = items.map((one) => episodeShape(externalUrl, one, decisions.get(one.id) ?? null));
    response.json({ items: shapes, next });
  });
  const findAlert = async (request: Request): Promise<JudgedEpisode> => {
    const id = String(request.params["id"]);
    const episode = isId(id) ? await readEpisode(store.reader, id) : null;
    if (episode === null) throw notFound(`there is no alert ${id.slice(0, 64)}`);
    return episode;
  };
  routes.get("/alerts/:id/delivery", may("explain"), deliveryFacts, async (request, response) => {
    const { id, deliveryId } = await findAlert(request);
    const body = await readDeliveryBody(store.reader, deliveryId);
    if (body === null)
      throw new HttpProblem(410, "No longer kept", "the delivery of this alert is no longer kept");
    response.set({
      "content-disposition": `attachment; filename="delivery-${id}.json"`,
      "content-security-policy": "sandbox; default-src 'none'",
    });
    // Bytes, whatever they hold: a body of a source is not a document of this API.
    response.type("application/octet-stream").send(Buffer.from(body));
  });
  routes.get("/alerts/:id", may("see"), getFacts, async (request, response) => {
    const episode = await findAlert(request);
    response.json(
      episodeDetailsShape(externalUrl, episode, await readEpisodeDetails(request, dependencies, episode)),
    );
  });
  return routes;
}
