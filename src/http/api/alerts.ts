import type { Request, Response } from "express";
import { isId } from "../../platform/ids.ts";
import { readDecisions } from "../../store/decisions.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { listEpisodes, readEpisode } from "../../store/episodes.ts";
import { listRuns } from "../../store/runs.ts";
import type { Store } from "../../store/store.ts";
import { notFound } from "../problems.ts";
import { readPage } from "./paging.ts";
import { type EpisodeDetails, episodeShape } from "./shapes.ts";
import { may, Routes } from "../routes.ts";

/** Runs shown with one alert; one that flaps starts no more of them than its rule's guards allow. */
const RUNS_SHOWN_MAX = 100;

/** Alerts, one episode each. */
export function alertRoutes(dependencies: { readonly store: Store; readonly externalUrl: string }): Routes {
  const { store, externalUrl } = dependencies;
  const routes = new Routes();
  routes.get("/alerts", may("see"), async (request: Request, response: Response) => {
    const page = readPage(request);
    const episodes = await listEpisodes(store.reader, page.limit + 1, page.after);
    const shown = episodes.slice(0, page.limit);
    response.json({
      items: shown.map((episode) => episodeShape(externalUrl, episode, null)),
      next: episodes.length > page.limit ? (shown.at(-1)?.id ?? null) : null,
    });
  });
  routes.get("/alerts/:id", may("see"), async (request: Request, response: Response) => {
    const id = String(request.params["id"]);
    const episode = isId(id) ? await readEpisode(store.reader, id) : null;
    if (episode === null) throw notFound(`there is no alert ${id.slice(0, 64)}`);
    response.json(episodeShape(externalUrl, episode, await readEpisodeDetails(store, episode)));
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
