import type { Alert, Delivery } from "../alerts/alert.ts";
import type { Actor } from "../audit/entry.ts";
import { decideEpisode } from "../alerts/episode.ts";
import { newId } from "../platform/ids.ts";
import type { EpisodeContext } from "../runs/records.ts";
import {
  type EpisodeEnd,
  findLastEnds,
  findOpenEpisodes,
  type OpenEpisode,
} from "../store/episode-intake.ts";
import { contentOf, type JudgedEpisode } from "../store/episode-row.ts";
import { addAudit } from "./audit.ts";
import type { Batch } from "./batch.ts";
import type { Source } from "./dependencies.ts";
import { judgeAlone, judgeEpisode } from "./judge.ts";
import { isSettled } from "./last-decision.ts";
import type { RunQueue } from "./run-queue.ts";

/** One accepted webhook request, on its way to the database. */
export interface Submission {
  readonly id: string;
  readonly source: Source;
  readonly delivery: Delivery;
  readonly body: Uint8Array;
  readonly receivedAtMs: number;
  /** Who had it delivered once more; absent for what a source has sent. */
  readonly replayed?: { readonly by: Actor; readonly episodeId: string };
}

/** One text for (fingerprint, source, organisation). Source names hold no slash. */
export function identityOf(source: string, alert: Pick<Alert, "orgId" | "fingerprint">): string {
  return `${alert.fingerprint}/${source}/${alert.orgId ?? ""}`;
}

/** What is known of the alerts that a batch of deliveries is about: as in the database, then as changed by the batch. */
export interface KnownEpisodes {
  readonly open: Map<string, OpenEpisode>;
  /** When each identity's last episode ended. */
  readonly lastEnds: Map<string, number>;
}

export async function loadEpisodes(batch: Batch, submissions: readonly Submission[]): Promise<KnownEpisodes> {
  const identities = new Set<string>();
  for (const { source, delivery } of submissions)
    for (const alert of delivery.alerts) identities.add(identityOf(source.name, alert));
  const found = await findOpenEpisodes(batch.tx, batch.dependencies.store.dialect, [...identities]);
  const open = new Map(found.map((episode) => [episode.identity, episode]));
  const lastEnds = await findLastEnds(
    batch.tx,
    batch.dependencies.store.dialect,
    [...identities].filter((identity) => !open.has(identity)),
  );
  return { open, lastEnds };
}

/** Applies one delivery, alert by alert, to episodes and rules. Every alert leaves a decision, or is counted as a repeat. */
export async function applyDelivery(
  batch: Batch,
  known: KnownEpisodes,
  submission: Submission,
  queue: RunQueue,
): Promise<void> {
  const { delivery, source } = submission;
  let saysSomethingNew = delivery.invalid.length > 0;
  for (const invalid of delivery.invalid) {
    batch.decide({
      deliveryId: submission.id,
      episodeId: null,
      kind: "ignored",
      rule: null,
      reason: "invalid_alert",
      runId: null,
      detail: { ...invalid },
    });
  }
  for (const alert of delivery.alerts) {
    if (await applyAlert(batch, known, submission, alert, queue)) saysSomethingNew = true;
  }
  batch.deliveries.push({
    id: submission.id,
    source: source.name,
    dialect: delivery.dialect,
    receivedAtMs: submission.receivedAtMs,
    body: saysSomethingNew ? submission.body : null,
    alerts: delivery.alerts.length + delivery.invalid.length,
    truncatedAlerts: delivery.truncatedAlerts,
    receiver: delivery.receiver,
    externalUrl: delivery.externalUrl,
  });
  await noteReplay(batch, submission);
}

async function noteReplay(batch: Batch, { id, replayed }: Submission): Promise<void> {
  if (replayed === undefined) return;
  const { by, episodeId } = replayed;
  const about = { subject: { kind: "alert", id: episodeId }, detail: { delivery: id } } as const;
  await addAudit(batch.tx, batch.dependencies, { atMs: batch.nowMs, by, action: "alert.replay", ...about });
}

/** False when the alert only repeats what is stored. */
async function applyAlert(
  batch: Batch,
  known: KnownEpisodes,
  submission: Submission,
  alert: Alert,
  queue: RunQueue,
): Promise<boolean> {
  const { source } = submission;
  const about = {
    deliveryId: submission.id,
    episodeId: null,
    rule: null,
    runId: null,
    detail: { fingerprint: alert.fingerprint },
  };
  if (alert.nature === "test") {
    batch.decide({ ...about, kind: "ignored", reason: "test_alert" });
    return true;
  }
  const identity = identityOf(source.name, alert);
  const open = known.open.get(identity) ?? null;
  const lastEndedAtMs = known.lastEnds.get(identity) ?? null;
  const change = decideEpisode({ sourceKind: source.kind, open, lastEndedAtMs, alert, nowMs: batch.nowMs });
  switch (change.kind) {
    case "opens":
    case "reopens": {
      if (change.kind === "reopens" && open !== null) {
        close(
          batch,
          known,
          open,
          { state: "ended", endsAtMs: change.endedAtMs },
          submission.id,
          "its resolve was never received",
        );
      }
      const facts = openingFacts(batch, submission, { ...alert, startsAtMs: change.startsAtMs }, identity);
      const episode = episodeOf(submission, alert, facts);
      batch.open(episode);
      const judged = await judgeEpisode(batch, episode, queue, judgeAlone(submission.id));
      known.open.set(identity, { ...judged, content: contentOf(judged.annotations, judged.context) });
      return true;
    }
    case "repeats":
      return open === null
        ? false
        : repeat(batch, known, submission, { alert, open, startsAtMs: change.startsAtMs }, queue);
    case "closes":
      if (open !== null)
        close(batch, known, open, { state: change.state, endsAtMs: change.endedAtMs }, submission.id, null);
      return true;
    case "late":
    case "resolved_without_firing":
      batch.decide({ ...about, kind: "ignored", reason: change.kind });
      return true;
  }
}

interface Repeat {
  readonly alert: Alert;
  readonly open: OpenEpisode;
  readonly startsAtMs: number;
}

async function repeat(
  batch: Batch,
  known: KnownEpisodes,
  submission: Submission,
  { alert, open, startsAtMs }: Repeat,
  queue: RunQueue,
): Promise<boolean> {
  batch.repeat(open.id);
  const context = contextOf(submission, alert);
  const content = contentOf(alert.annotations, context);
  const isMoved = startsAtMs !== open.startsAtMs;
  const episode = episodeOf(submission, alert, {
    ...open,
    startsAtMs,
    startsAt: isMoved ? alert.startsAt : open.startsAt,
    repeats: open.repeats + 1,
    lastFiringAtMs: batch.nowMs,
  });
  // Only what nothing was done about yet is judged again, under the rules of this moment.
  const judged = isSettled(open.lastDecision)
    ? episode
    : await judgeEpisode(batch, episode, queue, judgeAlone(submission.id));
  known.open.set(open.identity, { ...judged, content });
  const isChanged = isMoved || content !== open.content;
  if (isChanged) batch.change(judged);
  return isChanged || judged.lastDecision !== open.lastDecision;
}

type EpisodeFacts = Omit<OpenEpisode, "content">;

/** The facts of an episode that opens with this alert. */
function openingFacts(batch: Batch, submission: Submission, alert: Alert, identity: string): EpisodeFacts {
  return {
    id: newId(),
    identity,
    startsAtMs: alert.startsAtMs,
    startsAt: alert.startsAt,
    openedAtMs: batch.nowMs,
    lastFiringAtMs: batch.nowMs,
    repeats: 0,
    deliveryId: submission.id,
    lastDecision: null,
  };
}

/** A firing episode as this delivery describes it. */
function episodeOf(submission: Submission, alert: Alert, facts: EpisodeFacts): JudgedEpisode {
  return {
    id: facts.id,
    identity: facts.identity,
    source: submission.source.name,
    fingerprint: alert.fingerprint,
    state: "firing",
    nature: alert.nature,
    labels: alert.labels,
    annotations: alert.annotations,
    context: contextOf(submission, alert),
    startsAtMs: facts.startsAtMs,
    startsAt: facts.startsAt,
    generatorUrl: alert.generatorUrl,
    openedAtMs: facts.openedAtMs,
    endsAtMs: null,
    closedAtMs: null,
    lastFiringAtMs: facts.lastFiringAtMs,
    repeats: facts.repeats,
    deliveryId: facts.deliveryId,
    lastDecision: facts.lastDecision,
    outcome: null,
  };
}

function contextOf({ delivery }: Submission, alert: Alert): EpisodeContext {
  return { values: alert.values, receiver: delivery.receiver, truncatedAlerts: delivery.truncatedAlerts };
}

function close(
  batch: Batch,
  known: KnownEpisodes,
  episode: OpenEpisode,
  end: Pick<EpisodeEnd, "state" | "endsAtMs">,
  deliveryId: string,
  text: string | null,
): void {
  batch.close({ id: episode.id, ...end, closedAtMs: batch.nowMs });
  known.open.delete(episode.identity);
  known.lastEnds.set(episode.identity, end.endsAtMs);
  const detail = text === null ? { state: end.state } : { state: end.state, text };
  batch.decide({
    deliveryId,
    episodeId: episode.id,
    kind: "closed",
    rule: null,
    reason: null,
    runId: null,
    detail,
  });
}
