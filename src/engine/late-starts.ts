import type { Reason } from "../runs/reasons.ts";
import { isFollowUp, type Run, type Timer } from "../runs/records.ts";
import { insertDecisions, readDecidedAt } from "../store/decisions.ts";
import { updateEpisodeContents } from "../store/episode-intake.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { lockEpisodes, readEpisode, readEpisodes } from "../store/episodes.ts";
import { readGroupRule, readMembers } from "../store/groups.ts";
import { newId } from "../platform/ids.ts";
import { claimTimer } from "../store/timers.ts";
import type { Reader, Tx } from "../store/store.ts";
import { announce, Batch } from "./batch.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { closeUnseen, GONE_TEXT } from "./ends.ts";
import { judgeAlone, judgeEpisode } from "./judge.ts";
import { type DecisionEntry, formatDecisions, hasBegun, parseDecisions } from "./last-decision.ts";
import type { RunQueue } from "./run-queue.ts";
import { askSource, type SourceState } from "./source-state.ts";

// Starts that come later than the alert that asked for them. None of them happens on old news alone.

/** The timer of a delayed start: the alert is judged anew, with what is known and configured now. */
export async function judgeDelayed(
  dependencies: EngineDependencies,
  queue: RunQueue,
  startedAtMs: number,
  timer: Timer,
): Promise<void> {
  const { store, limits } = dependencies;
  const episode = await readEpisode(store.reader, timer.subject);
  const decidedAtMs = Number(timer.data["decidedAtMs"] ?? timer.dueAtMs);
  const isOldNews =
    (await store.nowMs(store.reader)) - decidedAtMs > limits.startWithinMs || timer.dueAtMs < startedAtMs;
  const state = episode?.state === "firing" && isOldNews ? await askSource(dependencies, episode) : "firing";
  const batch = await store.transaction(async (tx) => {
    // In the order of deliveries: a repeat of the alert may be judged at this moment, and is seen then.
    await lockEpisodes(tx, store.dialect, [timer.subject]);
    const work = await newBatch(tx, dependencies);
    await work.reads.lock();
    if (!(await claimTimer(tx, timer))) return null;
    const current = await readEpisode(tx, timer.subject);
    if (current === null || current.state !== "firing") return null;
    if (state !== "firing") {
      await refuseLate(tx, dependencies, current, state, ({ kind }) => kind === "delayed");
      return null;
    }
    const waiting = { ...current, lastDecision: begunIn(current, null) };
    const known = parseDecisions(current.lastDecision);
    const goOn = rulesIn(known.filter(({ kind }) => kind === "delayed"));
    await judgeEpisode(work, waiting, queue, { ...judgeAlone(null), goOn, known });
    await work.flush();
    return work;
  });
  if (batch !== null) announce(batch, queue);
}

/**
 * For members of a group that no run was made for: those that joined while a run went on, once it has ended, and those
 * that were collected, once `batch.wait` is over. The first starts a run for all of them, the others join it.
 */
export async function judgeMembers(
  dependencies: EngineDependencies,
  queue: RunQueue,
  startedAtMs: number,
  timer: Timer,
): Promise<void> {
  const { store } = dependencies;
  const states = new Map<string, SourceState>();
  const joined = await readJoined(store.reader, timer.subject);
  const decidedAtMs = await readDecidedAt(
    store.reader,
    idsOf(joined),
    await readGroupRule(store.reader, timer.subject),
  );
  const lateBeforeMs = (await store.nowMs(store.reader)) - dependencies.limits.startWithinMs;
  for (const episode of joined) {
    const isLate = (decidedAtMs.get(episode.id) ?? timer.dueAtMs) < lateBeforeMs;
    const isOldNews = isLate || timer.dueAtMs < startedAtMs;
    states.set(episode.id, isOldNews ? await askSource(dependencies, episode) : "firing");
  }
  const batch = await store.transaction(async (tx) => {
    await lockEpisodes(tx, store.dialect, [...states.keys()]);
    const work = await newBatch(tx, dependencies);
    await work.reads.lock();
    if (!(await claimTimer(tx, timer))) return null;
    const rule = await readGroupRule(tx, timer.subject);
    const members: JudgedEpisode[] = [];
    for (const episode of await readJoined(tx, timer.subject)) {
      // One that came since is news; null is no answer.
      const state = states.get(episode.id);
      if (state === undefined || state === "firing") members.push(episode);
      else await refuseLate(tx, dependencies, episode, state, (entry) => entry.rule === rule);
    }
    for (const episode of members) {
      const waiting = { ...episode, lastDecision: begunIn(episode, rule) };
      const known = parseDecisions(episode.lastDecision);
      const goOn = rulesIn(known.filter((entry) => entry.rule === rule));
      const how = { ...judgeAlone(null), members, isBatchOver: true, goOn, known };
      await judgeEpisode(work, waiting, queue, how);
    }
    await work.flush();
    return work;
  });
  if (batch !== null) announce(batch, queue);
}

function idsOf(episodes: readonly JudgedEpisode[]): string[] {
  return episodes.map((episode) => episode.id);
}

/** Firing members of a group that its newest run was not made for. */
async function readJoined(db: Reader, groupId: string): Promise<JudgedEpisode[]> {
  const joined = (await readMembers(db, groupId)).filter((member) => !member.isJudged);
  const ids = joined.map((member) => member.episodeId);
  return (await readEpisodes(db, ids)).filter((episode) => episode.state === "firing");
}

function rulesIn(entries: readonly DecisionEntry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({ rule }) => rule ?? []));
}

/** The last decision without what is to be judged again: what did not begin, and what the named rule came to. */
export function begunIn(episode: JudgedEpisode, rule: string | null): string {
  const begun = parseDecisions(episode.lastDecision).filter(hasBegun);
  return formatDecisions(begun.filter((entry) => rule === null || entry.rule !== rule));
}

/**
 * For a run that waited for a slot longer than `start_within`: why it may no longer start, with the alert's decision stored;
 * null when it may.
 */
export async function lateStartProblem(dependencies: EngineDependencies, run: Run): Promise<string | null> {
  const { store, limits } = dependencies;
  // What follows an alert's end is not for one that fires.
  if (run.trigger.kind !== "alert" || run.trigger.episodeId === null || isFollowUp(run)) return null;
  if ((await store.nowMs(store.reader)) - run.queuedAtMs <= limits.startWithinMs) return null;
  const firing = (await readEpisodesOf(store.reader, run)).filter((episode) => episode.state === "firing");
  const states = await Promise.all(firing.map((episode) => askSource(dependencies, episode)));
  if (states.includes("firing")) return null;
  await store.transaction(async (tx) => {
    for (const [index, episode] of firing.entries()) {
      const state = states[index] ?? null;
      if (state !== "firing")
        await refuseLate(tx, dependencies, episode, state, (entry) => entry.rule === run.trigger.rule);
    }
  });
  const state = states.length === 0 ? "gone" : states.includes(null) ? null : (states[0] ?? null);
  return `the start came too late: ${LATE_TEXTS[state === "firing" || state === null ? "unknown" : state]}`;
}

const LATE_TEXTS = {
  gone: GONE_TEXT,
  suppressed: "the alert is silenced or inhibited",
  unknown: "the source could not be asked whether the alert still fires",
} as const;

/** Stores the refusal, so that the next delivery that says the alert fires is judged anew. */
export async function refuseLate(
  tx: Tx,
  dependencies: EngineDependencies,
  episode: JudgedEpisode,
  state: Exclude<SourceState, "firing">,
  isRefused: (entry: DecisionEntry) => boolean,
): Promise<void> {
  const { store, catalog } = dependencies;
  const atMs = await store.nowMs(tx);
  const about = { deliveryId: null, episodeId: episode.id, atMs, runId: null };
  const stored = {
    ...about,
    detail: { text: LATE_TEXTS[state ?? "unknown"] },
    catalogDigest: catalog.current().digest,
  };
  if (state === "gone") {
    await closeUnseen(tx, dependencies, episode, { state: "resolved", text: GONE_TEXT, atMs });
    return;
  }
  const reason: Reason = state === "suppressed" ? "silenced" : "expired";
  const decided = parseDecisions(episode.lastDecision);
  const refused = decided
    .filter(isRefused)
    .map(({ rule }) => ({ ...stored, id: newId(), kind: "refused" as const, rule, reason }));
  await insertDecisions(tx, store.dialect, refused);
  const lastDecision = formatDecisions(
    decided.map((entry) => (isRefused(entry) ? { ...entry, kind: "refused" as const, reason } : entry)),
  );
  await updateEpisodeContents(tx, store.dialect, [{ ...episode, lastDecision }]);
}

async function newBatch(tx: Tx, dependencies: EngineDependencies): Promise<Batch> {
  return new Batch(tx, dependencies, dependencies.catalog.current(), await dependencies.store.nowMs(tx));
}
