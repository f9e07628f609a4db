import { newId } from "../platform/ids.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import { isFollowUp, type Run } from "../runs/records.ts";
import { insertDecisions } from "../store/decisions.ts";
import { updateEpisodeContents } from "../store/episode-intake.ts";
import type { Tx } from "../store/store.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { formatDecisions, parseDecisions } from "./last-decision.ts";

/** What became of a run's start after it was decided on. */
export interface LaterDecision {
  readonly kind: Extract<DecisionKind, "refused" | "delayed">;
  readonly reason: Reason;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * Stores a later word on a run's start with each alert that it is for. After a refusal the next delivery that says the
 * alert fires is judged anew.
 */
export async function decideForRun(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  decision: LaterDecision,
): Promise<void> {
  const { store, catalog } = dependencies;
  const { rule } = run.trigger;
  if (run.trigger.kind !== "alert" || rule === null) return;
  const atMs = await store.nowMs(tx);
  const episodes = await readEpisodesOf(tx, run);
  const firing = episodes.filter((episode) => episode.state === "firing");
  const told = isFollowUp(run) ? episodes : firing;
  await insertDecisions(
    tx,
    store.dialect,
    told.map((episode) => ({
      ...decision,
      id: newId(),
      atMs,
      deliveryId: null,
      episodeId: episode.id,
      rule,
      runId: run.id,
      catalogDigest: catalog.current().digest,
    })),
  );
  if (decision.kind !== "refused" || isFollowUp(run)) return;
  const refused = { kind: "refused", rule, reason: decision.reason } as const;
  const contents = firing.map((episode) => ({
    ...episode,
    lastDecision: formatDecisions(
      parseDecisions(episode.lastDecision).map((entry) => (entry.rule === rule ? refused : entry)),
    ),
  }));
  await updateEpisodeContents(tx, store.dialect, contents);
}
