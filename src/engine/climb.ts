import type { Run, Timer } from "../runs/records.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { lockEpisodes } from "../store/episodes.ts";
import { readLadder, wasNoted } from "../store/ladders.ts";
import { readRun } from "../store/runs.ts";
import { claimTimer } from "../store/timers.ts";
import { announce, Batch } from "./batch.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { judgeEpisode } from "./judge.ts";
import { rungKey } from "./ladder.ts";
import { ladderRuleOf } from "./ladder-memory.ts";
import { begunIn, refuseLate } from "./late-starts.ts";
import type { RunQueue } from "./run-queue.ts";
import { askSource, type SourceState } from "./source-state.ts";

/** Ends after which nothing more is tried by itself: only a person is told. */
function mustTell(run: Run): boolean {
  const wasNotApproved = run.state === "rejected" || (run.state === "timed_out" && run.startedAtMs === null);
  return (
    wasNotApproved || run.state === "interrupted" || run.outcome === "worse" || run.outcome === "unknown"
  );
}

/** The timer of a ladder: asks the source whether the alert still fires, and if so begins the next rung. */
export async function climbLadder(
  dependencies: EngineDependencies,
  queue: RunQueue,
  startedAtMs: number,
  timer: Timer,
): Promise<void> {
  const { store } = dependencies;
  const run = await readRun(store.reader, timer.subject);
  const firing =
    run === null
      ? []
      : (await readEpisodesOf(store.reader, run)).filter((episode) => episode.state === "firing");
  const states = new Map<string, SourceState>();
  for (const episode of firing) states.set(episode.id, await askSource(dependencies, episode));
  const batch = await store.transaction(async (tx) => {
    await lockEpisodes(tx, store.dialect, [...states.keys()]);
    if (!(await claimTimer(tx, timer)) || run === null) return null;
    const current = (await readEpisodesOf(tx, run)).filter((episode) => episode.state === "firing");
    const work = new Batch(tx, dependencies, dependencies.catalog.current(), await store.nowMs(tx));
    const isOldNews = timer.dueAtMs < startedAtMs;
    const still: JudgedEpisode[] = [];
    for (const episode of current) {
      const state = states.get(episode.id) ?? null;
      if (state === "firing" || (state === null && !isOldNews)) still.push(episode);
      else await refuseLate(tx, dependencies, episode, state, (entry) => entry.rule === run.trigger.rule);
    }
    const isHeard = still.some(
      (episode) => states.get(episode.id) === "firing" || episode.lastFiringAtMs > lastTouchMs(run),
    );
    await climb(work, run, still, isHeard, queue);
    await work.flush();
    return work;
  });
  if (batch !== null) announce(batch, queue);
}

/** What is heard of an alert after this counts as news. */
function lastTouchMs(run: Run): number {
  return run.changeEndedAtMs ?? run.finishedAtMs ?? run.createdAtMs;
}

async function climb(
  work: Batch,
  run: Run,
  still: readonly JudgedEpisode[],
  isHeard: boolean,
  queue: RunQueue,
): Promise<void> {
  const rule = ladderRuleOf(work.dependencies, run);
  const [lead] = still;
  if (rule === undefined || lead === undefined || run.groupKey === null) return;
  // Nothing was heard since and nobody could be asked: whether more would help is not known, so a person is told.
  const toLast = mustTell(run) || !isHeard;
  const rung = toLast ? Math.max(rule.ladder.length, run.rung) : run.rung + 1;
  if (await wasNoted(work.tx, await rungKey(work, lead, rule, run.groupKey, rung))) return;
  const remembered = await readLadder(work.tx, rule.name, run.groupKey);
  const state = remembered ?? {
    rule: rule.name,
    groupKey: run.groupKey,
    rung: run.rung,
    atMs: work.nowMs,
    runId: run.id,
  };
  const climbed = { rule: rule.name, rung, state: { ...state, runId: run.id } };
  for (const episode of still) {
    const waiting = { ...episode, lastDecision: begunIn(episode, rule.name) };
    await judgeEpisode(work, waiting, queue, {
      deliveryId: null,
      members: rule.groupBy === null ? [] : still,
      isBatchOver: true,
      climb: climbed,
    });
  }
}
