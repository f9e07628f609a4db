import type { Alert } from "../alerts/alert.ts";
import { matchAlert, type MatchResult } from "../rules/match.ts";
import type { AlertFacts } from "../rules/scope.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import type { Batch } from "./batch.ts";
import { formatDecisions, hasBegun, parseDecisions } from "./last-decision.ts";
import type { RunQueue } from "./run-queue.ts";
import { planStart, type RuleDecision, startOrJoin } from "./start.ts";

/**
 * Judges the alert of an open episode under the rules of this moment. Every rule that had something to say leaves a
 * decision, unless the same was decided for the last delivery of the episode already. A rule that has its run for the
 * episode is passed over. Returns the episode as judged.
 */
export async function judgeEpisode(
  batch: Batch,
  episode: JudgedEpisode,
  deliveryId: string | null,
  queue: RunQueue,
): Promise<JudgedEpisode> {
  const facts = factsOf(batch, episode);
  const begun = parseDecisions(episode.lastDecision).filter(hasBegun);
  const decisions: RuleDecision[] = [];
  for (const match of matchAlert(batch.catalog.index, facts)) {
    if (begun.some(({ rule }) => rule === match.rule.name)) continue;
    decisions.push(await decideMatch(batch, episode, facts, match, queue));
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
  for (const decision of decisions) batch.decide({ ...decision, deliveryId, episodeId: episode.id });
  return judged;
}

async function decideMatch(
  batch: Batch,
  episode: JudgedEpisode,
  facts: AlertFacts,
  match: MatchResult,
  queue: RunQueue,
): Promise<RuleDecision> {
  const rule = match.rule.name;
  if (match.kind === "refused") {
    return {
      kind: "refused",
      rule,
      reason: match.reason === "missing_label" ? "missing_label" : "plan_failed",
      runId: null,
      detail: { text: match.message },
    };
  }
  if (match.rule.runbook === null) return { kind: "observed", rule, reason: null, runId: null, detail: {} };
  const start = planStart(batch, match.rule, facts);
  if (!("plan" in start)) return start;
  if (match.rule.mode === "observe") {
    const detail = {
      would_run: start.runbook.name,
      inputs: start.plan.inputs,
      plan_digest: start.planDigest,
    };
    return { kind: "observed", rule, reason: null, runId: null, detail };
  }
  return startOrJoin(batch, episode, start, queue);
}

function factsOf(batch: Batch, episode: JudgedEpisode): AlertFacts {
  return {
    alert: alertOf(episode),
    source: episode.source,
    receiver: episode.context.receiver,
    isTruncated: episode.context.truncatedAlerts > 0,
    episode: { openedAtMs: episode.openedAtMs, repeats: episode.repeats },
    nowMs: batch.nowMs,
  };
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
