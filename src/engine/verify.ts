import { compileExpression, ExpressionError } from "../expressions/cel.ts";
import { CHECK_SCOPE } from "../rules/scope.ts";
import { judgeOutcome, type Judgement, type MemberFacts } from "../runs/outcome.ts";
import type { Run, StoredVerification, Timer } from "../runs/records.ts";
import type { Outcome } from "../runs/states.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { findOpeningsAfter, setEpisodeOutcome } from "../store/episodes.ts";
import { readLiveThread } from "../store/notice-threads.ts";
import { readRun, setRunOutcome } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { claimTimer, setTimer } from "../store/timers.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import { addRevision } from "./bundle-revision.ts";
import { lookAtNextRung } from "./ladder-memory.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { countForBreaker } from "./breakers.ts";
import { addNotices } from "./notices.ts";
import { closeUnseen, GONE_TEXT } from "./ends.ts";
import { findUnmeasured } from "./target-check.ts";
import { askSource, type SourceState } from "./source-state.ts";

/** The timer that finds out what a run did for its alert: gives the outcome, or says when to look again. */
export async function verifyRun(dependencies: EngineDependencies, timer: Timer): Promise<void> {
  const { store } = dependencies;
  const run = await readRun(store.reader, timer.subject);
  if (
    run === null ||
    run.outcome !== null ||
    run.verification === null ||
    run.changeEndedAtMs === null ||
    run.finishedAtMs === null
  ) {
    await store.transaction(async (tx) => void (await claimTimer(tx, timer)));
    return;
  }
  const nowMs = await store.nowMs(store.reader);
  const episodes = await readEpisodesOf(store.reader, run);
  const judgement =
    run.verification.check === null
      ? await judgeByAlert(dependencies, run, run.verification, episodes, nowMs)
      : await judgeByQuery(dependencies, run, run.verification, nowMs, timer);
  await store.transaction(async (tx) => {
    if (!(await claimTimer(tx, timer))) return;
    if (judgement.kind === "wait")
      await setTimer(tx, {
        ...timer,
        dueAtMs: judgement.untilMs,
        data: { ...timer.data, ...judgement.data },
      });
    else if (judgement.kind === "close") await closeGone(tx, dependencies, episodes, timer, nowMs);
    else await recordOutcome(tx, dependencies, run, episodes, judgement.outcome, judgement.because, nowMs);
  });
  if (judgement.kind === "outcome") {
    dependencies.metrics.runOutcomes.inc({ rule: run.trigger.rule ?? "", outcome: judgement.outcome });
    dependencies.log.info(
      { runId: run.id, rule: run.trigger.rule, outcome: judgement.outcome, because: judgement.because },
      "run verified",
    );
    dependencies.bells.outbox.ring();
  }
}

interface Waiting {
  readonly kind: "wait";
  readonly untilMs: number;
  /** Kept in the timer for the next look. */
  readonly data?: Readonly<Record<string, unknown>>;
}

async function judgeByAlert(
  dependencies: EngineDependencies,
  run: Run,
  verification: StoredVerification,
  episodes: readonly JudgedEpisode[],
  nowMs: number,
): Promise<Exclude<Judgement, { kind: "wait" }> | Waiting> {
  const changeEndedAtMs = run.changeEndedAtMs ?? 0;
  const deadlineMs = changeEndedAtMs + verification.resolvedWithinMs;
  const openings = await findOpeningsAfter(dependencies.store.reader, episodes);
  const members = episodes.map((episode) =>
    memberFacts(episode, openings.get(episode.id) ?? null, verification.stableForMs),
  );
  const facts = {
    nowMs,
    deadlineMs,
    stableForMs: verification.stableForMs,
    changeStartedAtMs: run.changeStartedAtMs,
    changeEndedAtMs,
    members,
  };
  const first = judgeOutcome({ ...facts, api: null });
  // The source is asked only when its word can decide: not while there is still time, and always before "fixed".
  if (first.kind === "wait") return first;
  const judgement = judgeOutcome({ ...facts, api: await askAboutAll(dependencies, episodes) });
  if (judgement.kind !== "outcome" || judgement.outcome !== "fixed") return judgement;
  const unmeasured = await findUnmeasured(dependencies.prometheus, episodes, nowMs);
  return unmeasured === null ? judgement : unknown(unmeasured);
}

/** An alert that came back within `stable_for` has relapsed, also when it has recovered once more by now. */
function memberFacts(episode: JudgedEpisode, reopenedAtMs: number | null, stableForMs: number): MemberFacts {
  const hasRelapsed =
    episode.closedAtMs !== null && reopenedAtMs !== null && reopenedAtMs < episode.closedAtMs + stableForMs;
  return {
    state: hasRelapsed ? "relapsed" : episode.state,
    endsAtMs: episode.endsAtMs,
    closedAtMs: episode.closedAtMs,
    lastFiringAtMs: hasRelapsed ? Number.POSITIVE_INFINITY : episode.lastFiringAtMs,
  };
}

/** One word for all alerts of the group: firing if one fires, nothing if one could not be asked. */
async function askAboutAll(
  dependencies: EngineDependencies,
  episodes: readonly JudgedEpisode[],
): Promise<SourceState> {
  const states = await Promise.all(episodes.map((episode) => askSource(dependencies, episode)));
  if (states.includes("firing")) return "firing";
  if (states.includes(null)) return null;
  return states.includes("suppressed") ? "suppressed" : "gone";
}

/** `verify.check`: the query is asked at the deadline, and once more after `stable_for`. No answer is "unknown". */
async function judgeByQuery(
  dependencies: EngineDependencies,
  run: Run,
  verification: StoredVerification,
  nowMs: number,
  timer: Timer,
): Promise<Exclude<Judgement, { kind: "wait" }> | Waiting> {
  const deadlineMs = (run.changeEndedAtMs ?? 0) + verification.resolvedWithinMs;
  if (nowMs < deadlineMs) return { kind: "wait", untilMs: deadlineMs };
  const check = verification.check;
  if (check === null || dependencies.prometheus === null) return unknown("no Prometheus is configured");
  try {
    const answer = await dependencies.prometheus.query(
      check.query,
      nowMs,
      AbortSignal.timeout(QUERY_TIMEOUT_MS),
    );
    const value = answer.series[0]?.samples.at(-1)?.value;
    if (value === undefined || Number.isNaN(value)) return unknown("the query of verify.check gave nothing");
    if (check.worse !== null && holds(check.worse, value))
      return { kind: "outcome", outcome: "worse", because: `${check.worse} holds: value is ${value}` };
    if (!holds(check.expect, value))
      return {
        kind: "outcome",
        outcome: "no_effect",
        because: `${check.expect} does not hold: value is ${value}`,
      };
    if (run.changeStartedAtMs === null)
      return unknown("the query is as expected, but no change step succeeded");
    const firstGoodAtMs = Number(timer.data["firstGoodAtMs"] ?? nowMs);
    if (nowMs - firstGoodAtMs < verification.stableForMs)
      return { kind: "wait", untilMs: firstGoodAtMs + verification.stableForMs, data: { firstGoodAtMs } };
    return {
      kind: "outcome",
      outcome: "fixed",
      because: `${check.expect} holds and stayed so: value is ${value}`,
    };
  } catch (error) {
    return unknown(
      `verify.check could not be judged: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const QUERY_TIMEOUT_MS = 30_000;

function holds(expression: string, value: number): boolean {
  try {
    return compileExpression(expression, CHECK_SCOPE, "bool").evaluate({ value }) === true;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

function unknown(because: string): Judgement {
  return { kind: "outcome", outcome: "unknown", because };
}

/** The source no longer knows the alert, and no resolve reached us: it is closed now, and must stay so like any other. */
async function closeGone(
  tx: Tx,
  dependencies: EngineDependencies,
  episodes: readonly JudgedEpisode[],
  timer: Timer,
  nowMs: number,
): Promise<void> {
  for (const episode of episodes)
    await closeUnseen(tx, dependencies, episode, { state: "resolved", text: GONE_TEXT, atMs: nowMs });
  await setTimer(tx, { ...timer, dueAtMs: nowMs });
}

async function recordOutcome(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  episodes: readonly JudgedEpisode[],
  outcome: Outcome,
  reason: string,
  nowMs: number,
): Promise<void> {
  const because = dependencies.redaction.text(reason);
  if (!(await setRunOutcome(tx, run.id, outcome, because))) return;
  await setEpisodeOutcome(
    tx,
    episodes.map((episode) => episode.id),
    outcome,
  );
  // The bundle's next revision tells the outcome.
  await addRevision(tx, run.id, nowMs);
  await countForBreaker(tx, dependencies, { ...run, outcome }, nowMs);
  if (outcome !== "fixed") await lookAtNextRung(tx, dependencies, { ...run, outcome }, nowMs);
  const thread = await readLiveThread(tx, run);
  await addNotices(tx, dependencies, { ...run, outcome, message: because }, outcome, nowMs, thread);
}
