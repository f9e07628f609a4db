import type { Alert } from "../alerts/alert.ts";
import { matchAlert, type MatchResult } from "../rules/match.ts";
import type { Rule } from "../rules/rule.ts";
import type { AlertFacts } from "../rules/scope.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { countOpenings } from "../store/guard-facts.ts";
import type { Batch } from "./batch.ts";
import { beginRung, type Climb, findRelapse, tellRelapse } from "./ladder.ts";
import { type DecisionEntry, formatDecisions, hasBegun, parseDecisions } from "./last-decision.ts";
import { groupKeyOf, planStart, type RuleDecision, wantedBy } from "./plan-start.ts";
import type { RunQueue } from "./run-queue.ts";
import { delay, observeStart, startOrJoin } from "./start.ts";

/** What is known beyond the alert itself when it is judged. */
export interface JudgeOptions {
  readonly deliveryId: string | null;
  /** The firing alerts of a group whose run is about to be made for all of them; empty for the alert alone. */
  readonly members: readonly JudgedEpisode[];
  /** The group has waited out its `batch.wait`, or is full. */
  readonly isBatchOver: boolean;
  /** The rung that a rule goes on at after a run of this very alert; null to begin where its memory says. */
  readonly climb: (Climb & { readonly rule: string }) | null;
  /** Rules that matched when the alert was judged before and go on with it: their `when_count` is not asked again. */
  readonly goOn: ReadonlySet<string>;
  /** What was decided before and is judged again without a delivery: the same once more is not stored. */
  readonly known: readonly DecisionEntry[];
}

/** An alert alone, by a delivery or by none. */
export function judgeAlone(deliveryId: string | null): JudgeOptions {
  return { deliveryId, members: [], isBatchOver: false, climb: null, goOn: new Set(), known: [] };
}

/**
 * Judges the alert of an open episode under the rules of this moment. Every rule that had something to say leaves a
 * decision, unless the same was decided for the last delivery of the episode already. A rule that has its run for the
 * episode is passed over. Returns the episode as judged.
 */
export async function judgeEpisode(
  batch: Batch,
  episode: JudgedEpisode,
  queue: RunQueue,
  options: JudgeOptions,
): Promise<JudgedEpisode> {
  const facts = factsOf(batch, episode, options.members);
  const begun = parseDecisions(episode.lastDecision).filter(hasBegun);
  const decisions: RuleDecision[] = [];
  for (const match of (await matchCounted(batch, episode, facts, options.goOn)).matches) {
    if (begun.some(({ rule }) => rule === match.rule.name)) continue;
    decisions.push(await decideMatch(batch, episode, facts, match, queue, options));
  }
  if (decisions.length === 0 && begun.length === 0) {
    const isMeta = episode.nature === "meta";
    decisions.push({
      kind: isMeta ? "ignored" : "no_match",
      rule: null,
      reason: isMeta ? "meta_alert" : null,
      runId: null,
      detail: {},
    });
  }
  const signature = formatDecisions([...begun, ...decisions]);
  if (signature === episode.lastDecision && decisions.every((decision) => decision.runId === null))
    return episode;
  const judged = { ...episode, lastDecision: signature };
  batch.change(judged);
  for (const decision of decisions)
    if (!options.known.some((known) => isSame(known, decision)))
      batch.decide({ ...decision, deliveryId: options.deliveryId, episodeId: episode.id });
  return judged;
}

/** A delay has a new time, but for a full queue, which is looked at again and again. */
function isSame(known: DecisionEntry, { kind, rule, reason, runId }: RuleDecision): boolean {
  const hasNews = runId !== null || (kind === "delayed" && reason !== "queue_full");
  return !hasNews && known.kind === kind && known.rule === rule && known.reason === reason;
}

export interface CountedMatches {
  readonly matches: readonly MatchResult[];
  /** Whether so many alerts of the group have opened as the rule asks for; known of rules that fit the alert. */
  readonly isCountReached: (rule: Rule) => boolean;
}

/** The matches of an alert, with rules that say `when_count` only where so many alerts of the group have opened. */
export async function matchCounted(
  batch: Batch,
  episode: JudgedEpisode,
  facts: AlertFacts,
  goOn: ReadonlySet<string> = new Set(),
): Promise<CountedMatches> {
  const counted = new Map<Rule, boolean>();
  const isCountReached = (rule: Rule) => goOn.has(rule.name) || (counted.get(rule) ?? false);
  for (;;) {
    let unknown: Rule | null = null;
    // A rule that is reached may end matching, so that the count of a later one is not asked for.
    const matches = matchAlert(batch.catalog.index, facts, (rule) => {
      if (!goOn.has(rule.name) && !counted.has(rule)) unknown ??= rule;
      return isCountReached(rule);
    });
    if (unknown === null) return { matches, isCountReached };
    counted.set(unknown, await hasCount(batch, episode, facts, unknown));
  }
}

async function hasCount(
  batch: Batch,
  episode: JudgedEpisode,
  facts: AlertFacts,
  rule: Rule,
): Promise<boolean> {
  if (rule.whenCount === null) return true;
  const opening = {
    episodeId: episode.id,
    rule: rule.name,
    groupKey: groupKeyOf(rule, facts),
    identity: episode.identity,
    openedAtMs: episode.openedAtMs,
  };
  await batch.reads.lock();
  const count = await countOpenings(batch.tx, opening, batch.nowMs - rule.whenCount.withinMs);
  return count >= rule.whenCount.min;
}

async function decideMatch(
  batch: Batch,
  episode: JudgedEpisode,
  facts: AlertFacts,
  match: MatchResult,
  queue: RunQueue,
  options: JudgeOptions,
): Promise<RuleDecision> {
  const { rule } = match;
  const about = { rule: rule.name, runId: null };
  if (match.kind === "refused") {
    const reason = match.reason === "missing_label" ? "missing_label" : "plan_failed";
    return { ...about, kind: "refused", reason, detail: { text: match.message } };
  }
  if (rule.runbook === null) return { ...about, kind: "observed", reason: null, detail: {} };
  const readyAtMs = episode.openedAtMs + rule.afterMs;
  if (batch.nowMs < readyAtMs) {
    const isObserved = rule.mode === "observe";
    delay(batch, episode, readyAtMs, "after");
    const detail = {
      text: "the alert does not fire long enough yet",
      retry_at: new Date(readyAtMs).toISOString(),
    };
    return { ...about, kind: isObserved ? "observed" : "delayed", reason: "after", detail };
  }
  if (rule.mode === "observe") {
    const start = planStart(batch, rule, facts, wantedBy(rule));
    return "plan" in start ? observeStart(batch, episode, start, queue) : start;
  }
  const groupKey = groupKeyOf(rule, facts);
  if (options.climb?.rule === rule.name)
    return beginRung(batch, { episode, facts, rule, groupKey, climb: options.climb, queue });
  const relapse = await findRelapse(batch, episode, rule, groupKey);
  if (relapse !== null) {
    const decision = await beginRung(batch, { episode, facts, rule, groupKey, climb: relapse, queue });
    // After it: with the rung's run the group begins in whose thread it is told.
    await tellRelapse(batch, episode, relapse);
    return decision;
  }
  const start = planStart(batch, rule, facts, wantedBy(rule));
  return "plan" in start ? startOrJoin(batch, episode, start, queue, options) : start;
}

/** What rules see of an alert, and of the others that a run would be for. */
export function factsOf(
  batch: Pick<Batch, "nowMs">,
  episode: JudgedEpisode,
  members: readonly JudgedEpisode[],
): AlertFacts {
  const facts = (of: JudgedEpisode): AlertFacts => ({
    alert: alertOf(of),
    source: of.source,
    receiver: of.context.receiver,
    isTruncated: of.context.truncatedAlerts > 0,
    episode: { openedAtMs: of.openedAtMs, repeats: of.repeats },
    nowMs: batch.nowMs,
  });
  return members.length === 0 ? facts(episode) : { ...facts(episode), members: members.map(facts) };
}

/** The alert as its episode remembers it; rules are judged by it both at a delivery and at a timer. */
function alertOf(episode: JudgedEpisode): Alert {
  const orgId = episode.identity.slice(episode.fingerprint.length + episode.source.length + 2);
  return {
    status: "firing",
    isRecovery: false,
    nature: episode.nature,
    labels: episode.labels,
    annotations: episode.annotations,
    values: episode.context.values,
    fingerprint: episode.fingerprint,
    orgId: orgId === "" ? null : orgId,
    startsAtMs: episode.startsAtMs,
    startsAt: episode.startsAt,
    endsAtMs: null,
    generatorUrl: episode.generatorUrl,
  };
}
