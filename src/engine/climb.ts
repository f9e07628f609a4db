import type { Run, Timer } from "../runs/records.ts";
import { isFinal } from "../runs/states.ts";
import { readSiblings } from "../store/ended-alerts.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { lockEpisodes } from "../store/episodes.ts";
import { readMembers } from "../store/groups.ts";
import { putLadder, readLadder, wasNoted } from "../store/ladders.ts";
import { readRun } from "../store/runs.ts";
import type { Reader, Tx } from "../store/store.ts";
import { claimTimer } from "../store/timers.ts";
import { announce, Batch } from "./batch.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { judgeEpisode } from "./judge.ts";
import { rungKey, tellingRung } from "./ladder.ts";
import { ladderRuleOf } from "./ladder-memory.ts";
import { parseDecisions } from "./last-decision.ts";
import { begunIn, refuseLate } from "./late-starts.ts";
import type { RunQueue } from "./run-queue.ts";
import { askSource, type SourceState } from "./source-state.ts";

/** Ends after which nothing more is tried by itself: only a person is told, however long that takes. */
function endsClimb(run: Run): boolean {
  const wasNotApproved = run.state === "rejected" || (run.state === "timed_out" && run.startedAtMs === null);
  return wasNotApproved || run.state === "interrupted" || run.outcome === "worse";
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
  const firing = run === null ? [] : await readFiring(store.reader, run);
  const states = new Map<string, SourceState>();
  for (const episode of firing) states.set(episode.id, await askSource(dependencies, episode));
  const batch = await store.transaction(async (tx) => {
    await lockEpisodes(tx, store.dialect, [...states.keys()]);
    const work = new Batch(tx, dependencies, dependencies.catalog.current(), await store.nowMs(tx));
    // Before the rows of groups and timers: whoever judges an alert takes them in this order.
    await work.reads.lock();
    if (!(await claimTimer(tx, timer)) || run === null || (await hasGoneOn(tx, run))) return null;
    const isOldNews = timer.dueAtMs < startedAtMs;
    const still: JudgedEpisode[] = [];
    let isPutOff = false;
    for (const episode of await readFiring(tx, run)) {
      const state = states.get(episode.id) ?? null;
      if (state === "firing" || (state === null && !isOldNews)) {
        still.push(episode);
        continue;
      }
      isPutOff ||= state !== "gone";
      await refuseLate(tx, dependencies, episode, state, (entry) => entry.rule === run.trigger.rule);
    }
    const isHeard = still.some(
      (episode) => states.get(episode.id) === "firing" || episode.lastFiringAtMs > lastTouchMs(run),
    );
    await climb(work, run, { still, isHeard, isPutOff }, queue);
    await work.flush();
    return work;
  });
  if (batch !== null) announce(batch, queue);
}

/** The alerts that the run was for and that fire. A member with a plan of its own is judged by itself when the run has ended. */
async function readFiring(db: Reader, run: Run): Promise<JudgedEpisode[]> {
  const members = run.groupId === null ? [] : await readMembers(db, run.groupId);
  const isApart = new Set(members.filter((member) => !member.isJudged).map((member) => member.episodeId));
  const episodes = await readEpisodesOf(db, run);
  return episodes.filter((episode) => episode.state === "firing" && !isApart.has(episode.id));
}

/** Whether a higher rung was begun for the same alert, which then decides what comes next. A measured harm still counts. */
async function hasGoneOn(tx: Tx, run: Run): Promise<boolean> {
  if (run.outcome === "worse") return false;
  const siblings = await readSiblings(tx, run);
  return siblings.some(
    (one) =>
      one.rung > run.rung &&
      one.id > run.id &&
      one.trigger.episodeId === run.trigger.episodeId &&
      (one.startedAtMs !== null || !isFinal(one.state)),
  );
}

/** What is heard of an alert after this counts as news. */
function lastTouchMs(run: Run): number {
  return run.changeEndedAtMs ?? run.finishedAtMs ?? run.createdAtMs;
}

interface Heard {
  /** The alerts that fire. */
  readonly still: readonly JudgedEpisode[];
  /** The source says so, or they were delivered since the run. */
  readonly isHeard: boolean;
  /** Others wait for a silence to end, or to be heard of again. */
  readonly isPutOff: boolean;
}

async function climb(
  work: Batch,
  run: Run,
  { still, isHeard, isPutOff }: Heard,
  queue: RunQueue,
): Promise<void> {
  const rule = ladderRuleOf(work.dependencies, run);
  const [lead] = still;
  if (rule === undefined || run.groupKey === null) return;
  // Nothing was heard since and nobody could be asked: whether more would help is not known, so a person is told.
  const toLast = endsClimb(run) || run.outcome === "unknown" || !isHeard;
  const rung = toLast ? Math.max(tellingRung(rule), run.rung) : run.rung + 1;
  const about = { rule: rule.name, groupKey: run.groupKey, runId: run.id };
  // What comes of it later, when a silence has ended, begins here and not at a rung that was passed over.
  if (toLast && (lead !== undefined || (isPutOff && endsClimb(run))))
    await putLadder(work.tx, { ...about, rung: rung - 1, atMs: work.nowMs });
  if (lead === undefined) return;
  if (await wasNoted(work.tx, await rungKey(work, lead, rule, run.groupKey, { rung, runId: run.id }))) return;
  const remembered = await readLadder(work.tx, rule.name, run.groupKey);
  const state = remembered ?? { ...about, rung: run.rung, atMs: work.nowMs };
  const climbed = { rule: rule.name, rung, state: { ...state, runId: run.id } };
  for (const episode of still) {
    const waiting = { ...episode, lastDecision: begunIn(episode, rule.name) };
    await judgeEpisode(work, waiting, queue, {
      deliveryId: null,
      members: rule.groupBy === null ? [] : still,
      isBatchOver: true,
      climb: climbed,
      goOn: new Set([rule.name]),
      known: parseDecisions(episode.lastDecision),
    });
  }
}
