import type { Episode } from "../runs/records.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** What the source says of an alert now; null when it has no API or did not answer. */
export type SourceState = "firing" | "suppressed" | "gone" | null;

/** How long a source is given to answer. */
const ASK_TIMEOUT_MS = 10_000;

/** Asks the episode's source whether the alert still fires. Never throws: no answer is an answer. */
export async function askSource(dependencies: EngineDependencies, episode: Episode): Promise<SourceState> {
  const api = dependencies.sources.get(episode.source)?.api ?? null;
  if (api === null) return null;
  try {
    return await api.state(episode.fingerprint, episode.labels, AbortSignal.timeout(ASK_TIMEOUT_MS));
  } catch (error) {
    dependencies.log.warn(
      { source: episode.source, episodeId: episode.id, error },
      "the source did not say whether the alert still fires",
    );
    return null;
  }
}
