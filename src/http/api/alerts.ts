import { isId } from "../../platform/ids.ts";
import { readDecisions } from "../../store/decisions.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { listEpisodes, readEpisode } from "../../store/episodes.ts";
import { listRuns } from "../../store/runs.ts";
import type { Store } from "../../store/store.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { pageQuery } from "./query.ts";
import {
  alertDetailsSchema,
  alertSchema,
  type EpisodeDetails,
  episodeDetailsShape,
  episodeShape,
} from "./shapes/alert.ts";
import { listOf } from "./shapes/common.ts";

/** Runs shown with one alert; one that flaps starts no more of them than its rule's guards allow. */
const RUNS_SHOWN_MAX = 100;

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
export function alertRoutes(dependencies: {
  readonly store: Store;
  readonly externalUrl: string;
}): ApiRoutes {
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
    response.json(episodeDetailsShape(externalUrl, episode, await readEpisodeDetails(store, episode)));
  });
  return routes;
}

export async function readEpisodeDetails(store: Store, episode: JudgedEpisode): Promise<EpisodeDetails> {
  const [decisions, runs] = await Promise.all([
    readDecisions(store.reader, episode.id),
    listRuns(store.reader, { state: null, runbook: null, episodeId: episode.id }, RUNS_SHOWN_MAX, null),
  ]);
  const joined = decisions.flatMap((decision) => (decision.runId === null ? [] : [decision.runId]));
  return { decisions, runs: [...new Set([...runs.map((run) => run.id), ...joined])] };
}
