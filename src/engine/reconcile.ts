import type { Timer } from "../runs/records.ts";
import { addPulses } from "../store/episode-intake.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { findSilentEpisodes, lockEpisodes, readEpisode } from "../store/episodes.ts";
import { claimTimer, ensureTimer, setTimer } from "../store/timers.ts";
import { closeUnseen, GONE_TEXT } from "./ends.ts";
import type { EngineDependencies, Source } from "./dependencies.ts";
import { parseDecisions } from "./last-decision.ts";
import { addStaleNotices } from "./notices.ts";
import { askSource, type SourceState } from "./source-state.ts";

/** How often silent episodes are looked for; `episode_ttl` is hours, so minutes are soon enough. */
const EVERY_MS = 5 * 60_000;
/** Episodes asked about in one look; the rest follow at the next one. */
const AT_ONCE_MAX = 100;

/** Sets the timer of each source that has none yet. */
export async function scheduleReconciles(dependencies: EngineDependencies): Promise<void> {
  const { store, sources } = dependencies;
  await store.transaction(async (tx) => {
    const dueAtMs = (await store.nowMs(tx)) + EVERY_MS;
    for (const source of sources.all())
      await ensureTimer(tx, { kind: "reconcile", subject: source.name, dueAtMs, data: {} });
  });
}

/**
 * Asks after open episodes of which nothing was heard for the source's `episode_ttl`. Absence from a payload never means
 * resolved; but a resolve can be lost. Without an answer the episode becomes `stale`, which is neither firing nor resolved.
 */
export async function reconcileSource(dependencies: EngineDependencies, timer: Timer): Promise<void> {
  const { store } = dependencies;
  const source = dependencies.sources.get(timer.subject);
  if (source === undefined) return store.transaction(async (tx) => void (await claimTimer(tx, timer)));
  const nowMs = await store.nowMs(store.reader);
  const silent = await findSilentEpisodes(
    store.reader,
    source.name,
    nowMs - source.episodeTtlMs,
    AT_ONCE_MAX,
  );
  for (const episode of silent)
    await reconcileEpisode(dependencies, source, episode, await askSource(dependencies, episode));
  await store.transaction(async (tx) => {
    if (await claimTimer(tx, timer))
      await setTimer(tx, { ...timer, dueAtMs: (await store.nowMs(tx)) + EVERY_MS });
  });
}

async function reconcileEpisode(
  dependencies: EngineDependencies,
  source: Source,
  episode: JudgedEpisode,
  state: SourceState,
): Promise<void> {
  const { store, bells, log } = dependencies;
  await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    // Others were asked after first, which may take minutes where nobody answers; what was heard of it since counts for more.
    await lockEpisodes(tx, store.dialect, [episode.id]);
    const current = await readEpisode(tx, episode.id);
    if (current === null || current.lastFiringAtMs !== episode.lastFiringAtMs) return;
    if (state === "firing" || state === "suppressed")
      return addPulses(tx, store.dialect, [{ episodeId: episode.id, lastFiringAtMs: atMs, repeats: 0 }]);
    const text = "nothing was heard of it, and its source could not be asked";
    const end =
      state === "gone"
        ? ({ state: "resolved", text: GONE_TEXT } as const)
        : ({ state: "stale", text } as const);
    if (!(await closeUnseen(tx, dependencies, episode, { ...end, atMs })) || end.state !== "stale") return;
    const rules = parseDecisions(episode.lastDecision).flatMap(({ rule }) => rule ?? []);
    await addStaleNotices(tx, dependencies, episode, rules, atMs);
  });
  bells.outbox.ring();
  log.info(
    { source: source.name, episodeId: episode.id, state: state ?? "no answer" },
    "asked after a silent episode",
  );
}
