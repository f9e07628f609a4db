import type { Rule } from "../rules/rule.ts";
import type { AlertFacts } from "../rules/scope.ts";
import { FOLLOW_UP_RUNG, type Run, type Timer } from "../runs/records.ts";
import { isFinal } from "../runs/states.ts";
import { readSiblings } from "../store/ended-alerts.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { noteOnce, wasNoted } from "../store/ladders.ts";
import { readRun } from "../store/runs.ts";
import { claimTimer } from "../store/timers.ts";
import { announce, Batch } from "./batch.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { factsOf } from "./judge.ts";
import { addRun } from "./new-run.ts";
import { planStart, type RuleDecision, type Start } from "./plan-start.ts";
import type { RunQueue } from "./run-queue.ts";
import { askPerson, candidateOf, judgeStart, termsOf } from "./start.ts";

// `on_resolve: {run: RUNBOOK}`: once for each alert or group, when its runs and the alert itself are over. The end of a run
// and the end of an alert both set the timer; whichever comes last finds everything over.

/** The timer of a follow-up: starts it, or stores why not; does nothing while something is still under way. */
export async function followUp(
  dependencies: EngineDependencies,
  queue: RunQueue,
  timer: Timer,
): Promise<void> {
  const { store, catalog } = dependencies;
  const batch = await store.transaction(async (tx) => {
    const work = new Batch(tx, dependencies, catalog.current(), await store.nowMs(tx));
    // Before the timer's row: whoever ends the alert takes both in this order.
    await work.reads.lock();
    if (!(await claimTimer(tx, timer))) return null;
    const run = await readRun(tx, timer.subject);
    if (run === null || run.onResolve.kind !== "run") return null;
    const siblings = await readSiblings(tx, run);
    const episodes = await readEpisodesOf(tx, run);
    const isUnderWay = siblings.some((sibling) => !isFinal(sibling.state));
    if (isUnderWay || episodes.some((episode) => episode.state === "firing")) return null;
    const key = `follow-up:${run.groupId ?? run.trigger.episodeId}:${run.trigger.rule}`;
    if (await wasNoted(tx, key)) return null;
    const lead = episodes.find((episode) => episode.id === run.trigger.episodeId) ?? episodes[0];
    if (lead === undefined) return null;
    const about = { run, siblings, episodes, lead, runbook: run.onResolve.runbook };
    const decision = await decide(work, queue, about, timer);
    const isDelayed = decision?.kind === "delayed";
    if (decision !== null && !(isDelayed && decision.reason === timer.data["reason"]))
      work.decide({ ...decision, deliveryId: null, episodeId: lead.id });
    if (!isDelayed) await noteOnce(tx, key, work.nowMs);
    await work.flush();
    return work;
  });
  if (batch !== null) announce(batch, queue);
}

interface FollowedRun {
  readonly run: Run;
  /** Every run of the rule for the alert, this one among them, newest first. */
  readonly siblings: readonly Run[];
  readonly episodes: readonly JudgedEpisode[];
  /** The alert that started it. */
  readonly lead: JudgedEpisode;
  /** What its rule named when it was made. */
  readonly runbook: string;
}

/** Null when there is nothing to say: none of the runs began. */
async function decide(
  batch: Batch,
  queue: RunQueue,
  about: FollowedRun,
  timer: Timer,
): Promise<RuleDecision | null> {
  const { siblings, episodes, runbook } = about;
  if (siblings.every((run) => run.startedAtMs === null)) return null;
  const changed = siblings.find((run) => run.changeEndedAtMs !== null);
  if (changed === undefined) return notFollowed(about, "no run of the rule changed anything");
  if (!haveRecovered(episodes))
    return notFollowed(about, "the alert ended for another reason than a recovery");
  const rule = batch.catalog.rulesByName.get(changed.trigger.rule ?? "");
  if (rule?.onResolve.kind !== "run" || rule.onResolve.runbook !== runbook)
    return notFollowed(about, `the rule no longer has on_resolve: {run: ${runbook}}`);
  const wanted = { runbook, with: rule.onResolve.with, mode: rule.mode, rung: FOLLOW_UP_RUNG };
  const start = planStart(batch, rule, endedFacts(batch, rule, about), wanted);
  if (!("plan" in start)) return { ...start, detail: { ...start.detail, follows: changed.id } };
  return startFollowUp(batch, queue, { ...about, run: changed }, start, timer);
}

/** By the last that was heard of each alert: a group may have one whose resolve was lost and that recovered later. */
function haveRecovered(episodes: readonly JudgedEpisode[]): boolean {
  const oldestFirst = episodes.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  const last = new Map(oldestFirst.map((episode) => [episode.identity, episode.state]));
  return [...last.values()].every((state) => state === "resolved");
}

function notFollowed({ run, runbook }: FollowedRun, why: string): RuleDecision {
  const detail = { text: `runbook ${runbook} of on_resolve was not started: ${why}`, follows: run.id };
  return { kind: "ignored", rule: run.trigger.rule, reason: null, runId: null, detail };
}

/** As rules see alerts, but over. */
function endedFacts(batch: Batch, rule: Rule, { lead, episodes }: FollowedRun): AlertFacts {
  const facts = factsOf(batch, lead, rule.groupBy === null ? [] : episodes);
  const ended = (one: AlertFacts): AlertFacts => ({ ...one, alert: { ...one.alert, status: "resolved" } });
  return facts.members === undefined ? ended(facts) : { ...ended(facts), members: facts.members.map(ended) };
}

/** Judged like any start, but for the rule's cooldown, its rate limit, and the loop guard: it happens once for each alert. */
async function startFollowUp(
  batch: Batch,
  queue: RunQueue,
  { run: followed, lead }: FollowedRun,
  start: Start,
  timer: Timer,
): Promise<RuleDecision | null> {
  const about = { rule: start.rule.name, reason: null, runId: null };
  const detail = { runbook: start.runbook.name, plan_digest: start.planDigest, follows: followed.id };
  if (start.mode === "observe")
    return { ...about, kind: "observed", detail: { ...detail, would_run: start.runbook.name } };
  const { verdict, against } = await judgeStart(batch, candidateOf(start), queue, false);
  if (verdict.kind === "refuses") {
    const { reason, text } = verdict;
    return { ...about, kind: "refused", reason, detail: { ...detail, text, against } };
  }
  if (verdict.kind === "delays") {
    const { reason, text, retryAtMs } = verdict;
    batch.setTimer({ kind: "follow_up", subject: timer.subject, dueAtMs: retryAtMs, data: { reason } });
    const delayed = { ...detail, text, against, retry_at: new Date(retryAtMs).toISOString() };
    return { ...about, kind: "delayed", reason, detail: delayed };
  }
  const terms = termsOf(start);
  // Should it cause the next alert, then the run that it follows began the chain.
  const afterRuns = new Map(start.changed.map((host) => [host.name, followed.id]));
  const state = terms !== null ? "waiting_person" : "queued";
  const run = addRun(batch, { episode: lead, start, state, groupId: null, afterRuns });
  if (terms !== null) {
    await batch.writeRuns();
    await askPerson(batch, start, run, terms);
    batch.noteFollowUps();
    return { ...about, kind: "waiting_person", runId: run.id, detail };
  }
  if (verdict.kind === "passes") return { ...about, kind: "started", runId: run.id, detail };
  const inLine = { ...detail, text: verdict.text, against };
  return { ...about, kind: "queued", reason: verdict.reason, runId: run.id, detail: inLine };
}
