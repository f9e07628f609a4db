import { may, Routes } from "../routes.ts";
import { readNewestEpisode } from "../../store/episodes.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { readEpisodeDetails } from "../api/alert-details.ts";
import { episodeDetailsShape } from "../api/shapes/alert.ts";
import { html } from "./html.ts";
import { sendPage } from "./layout.ts";

const FINGERPRINT = /^[0-9a-f]{1,64}$/;
const NONE =
  "No alert with this fingerprint was received. Does its Alertmanager or Grafana deliver here, and does the alert fire?";

/** The link to put into an annotation: it is known before the alert ever fired. People come to the newest episode's page, programs get it as JSON. */
export function alertLinkRoutes(
  dependencies: Pick<EngineDependencies, "store" | "catalog" | "externalUrl">,
): Routes {
  const { store, externalUrl } = dependencies;
  const routes = new Routes();
  routes.get("/a/:fingerprint", may("see"), async (request, response) => {
    const fingerprint = String(request.params["fingerprint"]).toLowerCase();
    const episode = FINGERPRINT.test(fingerprint) ? await readNewestEpisode(store.reader, fingerprint) : null;
    const wantsJson = request.accepts(["html", "json"]) === "json";
    if (episode !== null && !wantsJson) return response.redirect(303, `/alerts/${episode.id}`);
    if (episode !== null)
      return void response.json(
        episodeDetailsShape(externalUrl, episode, await readEpisodeDetails(request, dependencies, episode)),
      );
    const shown = fingerprint.slice(0, 64);
    if (wantsJson) response.status(404).json({ fingerprint: shown, status: null, detail: NONE });
    else
      sendPage(response, 404, "No such alert", html`<p>${NONE}</p><p>Fingerprint: <code>${shown}</code></p>`);
  });
  return routes;
}
