import type { Alert } from "../alerts/alert.ts";
import { newId } from "../platform/ids.ts";
import { explainMatch, type RuleExplanation } from "../rules/explain.ts";
import type { Decision } from "../runs/records.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { findOpenEpisodes } from "../store/episode-intake.ts";
import { readEpisode } from "../store/episodes.ts";
import type { NewRun } from "../store/new-runs.ts";
import { Batch } from "./batch.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { identityOf } from "./episodes.ts";
import type { GuardResult } from "./guards.ts";
import { factsOf, judgeAlone, judgeEpisode, matchCounted } from "./judge.ts";
import type { RunQueue } from "./run-queue.ts";

/** The alert to explain: one that was received, or one that somebody thinks of. */
export type ExplainedAlert =
  | { readonly kind: "received"; readonly episodeId: string }
  | {
      readonly kind: "imagined";
      readonly alert: Alert;
      readonly source: string;
      readonly receiver: string | null;
      readonly truncatedAlerts: number;
    };

/** What would be done with an alert now, and why. */
export interface Explanation {
  readonly atMs: number;
  readonly episode: JudgedEpisode;
  /** Every rule, in the order in which they are tried. */
  readonly rules: readonly RuleExplanation[];
  /** The guards that were asked, by the rule whose start they judged. */
  readonly guards: ReadonlyMap<string, readonly GuardResult[]>;
  readonly decisions: readonly Omit<Decision, "id" | "atMs" | "catalogDigest">[];
  /** The runs that would be made. */
  readonly runs: readonly NewRun[];
}

/** Carries the explanation out of a transaction that must leave nothing behind. */
class RolledBack extends Error {
  override readonly name = "RolledBack";
  readonly explanation: Explanation | null;

  constructor(explanation: Explanation | null) {
    super("rolled back on purpose");
    this.explanation = explanation;
  }
}

/**
 * Judges an alert as a delivery of it would be, at this time or another, in a transaction that is taken back: nothing is
 * stored, counted or started. Null when there is no such alert.
 */
export async function explainAlert(
  dependencies: EngineDependencies,
  queue: RunQueue,
  asked: ExplainedAlert,
  atMs: number | null,
): Promise<Explanation | null> {
  const { store, catalog } = dependencies;
  try {
    return await store.transaction(async (tx) => {
      const nowMs = atMs ?? (await store.nowMs(tx));
      const batch = new Batch(tx, dependencies, catalog.current(), nowMs, atMs !== null);
      const episode = await episodeOf(batch, asked);
      throw new RolledBack(episode === null ? null : await explain(batch, episode, queue));
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.explanation;
    throw error;
  }
}

async function explain(batch: Batch, known: JudgedEpisode, queue: RunQueue): Promise<Explanation> {
  // As if nothing had been decided for it yet; otherwise a rule that has its run is passed over.
  const episode = { ...known, lastDecision: null };
  await judgeEpisode(batch, episode, queue, judgeAlone(null));
  const facts = factsOf(batch, episode, []);
  const { isCountReached } = await matchCounted(batch, episode, facts);
  return {
    atMs: batch.nowMs,
    episode,
    rules: explainMatch(batch.catalog.index, facts, isCountReached),
    guards: batch.guardResults,
    decisions: batch.decisions,
    runs: batch.runs,
  };
}

/** An imagined alert that is open under the same identity is explained as that one is: firing since then. */
async function episodeOf(batch: Batch, asked: ExplainedAlert): Promise<JudgedEpisode | null> {
  const { tx, dependencies, nowMs } = batch;
  if (asked.kind === "received") return readEpisode(tx, asked.episodeId);
  const { alert, source } = asked;
  const identity = identityOf(source, alert);
  const [open] = await findOpenEpisodes(tx, dependencies.store.dialect, [identity]);
  return {
    id: open?.id ?? newId(),
    identity,
    source,
    fingerprint: alert.fingerprint,
    state: "firing",
    nature: alert.nature,
    labels: alert.labels,
    annotations: alert.annotations,
    context: { values: alert.values, receiver: asked.receiver, truncatedAlerts: asked.truncatedAlerts },
    startsAtMs: alert.startsAtMs,
    startsAt: alert.startsAt,
    generatorUrl: alert.generatorUrl,
    openedAtMs: open?.openedAtMs ?? nowMs,
    endsAtMs: null,
    closedAtMs: null,
    lastFiringAtMs: nowMs,
    repeats: open?.repeats ?? 0,
    deliveryId: open?.deliveryId ?? "",
    lastDecision: null,
    outcome: null,
  };
}
