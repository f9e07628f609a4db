import type { Request, Response } from "express";
import { z } from "zod";
import { type Alert, type Delivery, DeliveryError } from "../../alerts/alert.ts";
import type { DeliveryLimits } from "../../alerts/limits.ts";
import { normaliseDelivery } from "../../alerts/normalise.ts";
import type { EngineDependencies, Source } from "../../engine/dependencies.ts";
import { explainAlert } from "../../engine/explain.ts";
import { type Intake, IntakeUnavailableError } from "../../engine/intake.ts";
import type { RunQueue } from "../../engine/run-queue.ts";
import { isId } from "../../platform/ids.ts";
import { readDeliveryBody } from "../../store/deliveries.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { readEpisode } from "../../store/episodes.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { explanationSchema, explanationShape } from "./explanation-shape.ts";
import { flagParameter } from "./query.ts";
import { countSchema, idSchema, problemSchema } from "./shapes/common.ts";

const facts = {
  id: "replayAlert",
  summary: "Delivers an alert once more as it was received first",
  description: "One that is over opens anew, firing from now on; one that still fires is a repeat.",
  query: z.strictObject({ dry_run: flagParameter("Only explain what would be done.") }),
  answers: {
    200: explanationSchema.nullable(),
    202: z.object({ delivery: idSchema, alerts: countSchema }),
  },
  problems: { 409: problemSchema, 503: problemSchema },
};

export interface ReplayDependencies {
  readonly engineDependencies: EngineDependencies;
  readonly intake: Intake;
  readonly queue: RunQueue;
  readonly limits: DeliveryLimits;
}

/**
 * `POST /alerts/{id}/replay`: delivers an alert once more as it was received first. One that is over opens anew, firing from now on;
 * one that still fires is a repeat. With `?dry_run` it is only explained.
 */
export function alertReplayRoutes(dependencies: ReplayDependencies): ApiRoutes {
  const routes = new ApiRoutes("Alerts");
  routes.post("/alerts/:id/replay", may("operate"), facts, (request, response, { query }) =>
    replay(dependencies, query.dry_run, request, response),
  );
  return routes;
}

async function replay(
  { engineDependencies, intake, queue, limits }: ReplayDependencies,
  isDryRun: boolean,
  request: Request,
  response: Response,
): Promise<void> {
  const { store, sources, clock, catalog } = engineDependencies;
  const id = String(request.params["id"]);
  const episode = isId(id) ? await readEpisode(store.reader, id) : null;
  if (episode === null) throw notFound(`there is no alert ${id.slice(0, 64)}`);
  const source = sources.get(episode.source);
  if (source === undefined)
    throw conflict(
      `its source ${episode.source} is no longer in the settings, so its delivery cannot be read`,
    );
  const body = await readDeliveryBody(store.reader, episode.deliveryId);
  if (body === null) throw conflict("its delivery is no longer kept");
  const nowMs = clock.nowMs();
  const { delivery, alert } = readStored(source, body, episode, nowMs, limits);
  if (isDryRun) {
    const { receiver, truncatedAlerts } = delivery;
    const asked = { kind: "imagined", alert, source: source.name, receiver, truncatedAlerts } as const;
    const explanation = await explainAlert(engineDependencies, queue, asked, null);
    response.json(explanation === null ? null : explanationShape(explanation, catalog.current()));
    return;
  }
  const again: Delivery = { ...delivery, alerts: [alert], invalid: [] };
  const replayed = { by: actorOf(request), episodeId: id };
  const submission = { source, delivery: again, body, receivedAtMs: nowMs, replayed };
  const deliveryId = await submit(intake, submission);
  response.status(202).json({ delivery: deliveryId, alerts: 1 });
}

/** The alert as its first delivery had it, firing. Whoever is over begins anew now: its old start would be late news. */
function readStored(
  source: Source,
  body: Uint8Array,
  episode: JudgedEpisode,
  nowMs: number,
  limits: DeliveryLimits,
): { readonly delivery: Delivery; readonly alert: Alert } {
  try {
    const bytes = Buffer.from(body);
    const delivery = normaliseDelivery(source, { bytes, contentType: "application/json" }, nowMs, limits);
    const found = delivery.alerts.find(
      (alert) => alert.fingerprint === episode.fingerprint && alert.status === "firing",
    );
    if (found === undefined)
      throw conflict("its delivery does not have it any more as the source is read now");
    const isOver = episode.state !== "firing";
    const start = isOver ? { startsAtMs: nowMs, startsAt: new Date(nowMs).toISOString() } : {};
    return { delivery, alert: { ...found, ...start } };
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    throw conflict(`its delivery can no longer be read: ${error.message}`);
  }
}

async function submit(intake: Intake, submission: Parameters<Intake["submit"]>[0]): Promise<string> {
  try {
    return await intake.submit(submission);
  } catch (error) {
    if (!(error instanceof IntakeUnavailableError)) throw error;
    throw new HttpProblem(503, "Unavailable", `nothing was stored: ${error.message}`);
  }
}

function conflict(detail: string): HttpProblem {
  return new HttpProblem(409, "Cannot be replayed", detail);
}
