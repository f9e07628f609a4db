import type { Response } from "express";
import { z } from "zod";
import { type Alert, type Delivery, DeliveryError } from "../../alerts/alert.ts";
import type { DeliveryLimits } from "../../alerts/limits.ts";
import { normaliseDelivery } from "../../alerts/normalise.ts";
import type { EngineDependencies, Source } from "../../engine/dependencies.ts";
import { explainAlert, type ExplainedAlert } from "../../engine/explain.ts";
import type { RunQueue } from "../../engine/run-queue.ts";
import { isId } from "../../platform/ids.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { explanationSchema, explanationShape } from "./explanation-shape.ts";
import { invalidBody } from "./json-body.ts";
import { countSchema, problemSchema, type Shape } from "./shapes/common.ts";

export interface ExplainDependencies {
  readonly engineDependencies: EngineDependencies;
  readonly queue: RunQueue;
  readonly limits: DeliveryLimits;
}

/** Each is judged in a transaction of its own; a payload with more of them is cut. */
const ALERTS_MAX = 20;

const textsSchema = z.record(z.string(), z.string());

const bodySchema = z
  .strictObject({
    alert: z.string().refine(isId, "is the id of a received alert").optional(),
    labels: textsSchema
      .refine((labels) => Object.keys(labels).length > 0, "has at least one label")
      .optional(),
    annotations: textsSchema.optional(),
    values: z.record(z.string(), z.number()).optional(),
    payload: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional(),
    source: z.string().optional(),
    at: z.iso
      .datetime({ offset: true, error: "write an RFC 3339 time, such as 2026-11-23T07:00:00Z" })
      .optional(),
  })
  .refine(
    ({ alert, labels, payload }) => [alert, labels, payload].filter((one) => one !== undefined).length === 1,
    "give one of alert, labels and payload",
  );
type Body = z.output<typeof bodySchema>;

const facts = {
  id: "explainRules",
  summary: "What would be done with an alert, now or at another time, and why; nothing is done",
  body: bodySchema,
  answers: { 200: z.object({ items: z.array(explanationSchema), left_out: countSchema }) },
  problems: { 404: problemSchema },
};

/** `POST /rules/explain`: what would be done with an alert now or at another time, and why. Nothing is done. */
export function explainRoutes(dependencies: ExplainDependencies): ApiRoutes {
  const routes = new ApiRoutes("Rules");
  routes.ask("/rules/explain", may("explain"), facts, (_request, response, { body }) =>
    explain(dependencies, body, response),
  );
  return routes;
}

async function explain(
  { engineDependencies, queue, limits }: ExplainDependencies,
  body: Body,
  response: Response,
): Promise<void> {
  const atMs = body.at === undefined ? null : Date.parse(body.at);
  const asked =
    body.alert === undefined
      ? imagined(engineDependencies, body, limits, atMs)
      : [{ kind: "received", episodeId: body.alert } as const];
  const items: Shape<typeof explanationSchema>[] = [];
  for (const alert of asked.slice(0, ALERTS_MAX)) {
    const explanation = await explainAlert(engineDependencies, queue, alert, atMs);
    if (explanation === null) throw notFound("there is no such alert");
    items.push(explanationShape(explanation, engineDependencies.catalog.current()));
  }
  response.json({ items, left_out: Math.max(0, asked.length - ALERTS_MAX) });
}

function imagined(
  dependencies: EngineDependencies,
  body: Body,
  limits: DeliveryLimits,
  atMs: number | null,
): ExplainedAlert[] {
  const source = sourceOf(dependencies, body);
  const nowMs = atMs ?? dependencies.clock.nowMs();
  const pointer = body.payload === undefined ? "/labels" : "/payload";
  const { labels = {}, annotations = {} } = body;
  const payload = body.payload ?? [{ labels, annotations, startsAt: new Date(nowMs).toISOString() }];
  const delivery = normalise(source, payload, pointer, nowMs, limits);
  const firing = delivery.alerts.filter((alert) => alert.status === "firing");
  if (firing.length === 0)
    throw invalidBody([{ pointer, code: "invalid", message: "has no firing alert to explain" }]);
  return firing.map((alert) => ({
    kind: "imagined",
    alert: withValues(alert, body.values),
    source: source.name,
    receiver: delivery.receiver,
    truncatedAlerts: delivery.truncatedAlerts,
  }));
}

function normalise(
  source: Source,
  payload: unknown,
  pointer: string,
  nowMs: number,
  limits: DeliveryLimits,
): Delivery {
  const bytes = Buffer.from(JSON.stringify(payload));
  // An alert that is thought of is read as Alertmanager pushes it, whatever the source maps.
  const reader = pointer === "/labels" ? ({ kind: "alertmanager", mapping: null } as const) : source;
  try {
    return normaliseDelivery(reader, { bytes, contentType: "application/json" }, nowMs, limits);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    throw invalidBody(
      error.problems.map((problem) => ({
        pointer: `${pointer}${problem.pointer}`,
        code: error.code,
        message: problem.message,
      })),
    );
  }
}

function withValues(alert: Alert, values: Body["values"]): Alert {
  return values === undefined ? alert : { ...alert, values: new Map(Object.entries(values)) };
}

function sourceOf({ sources }: EngineDependencies, { source }: Body): Source {
  const known = sources.all();
  const found = source === undefined ? known[0] : sources.get(source);
  if (found !== undefined) return found;
  const names = known.map((one) => one.name).join(", ");
  throw invalidBody([
    { pointer: "/source", code: "unknown", message: `there is no such source; there are: ${names}` },
  ]);
}
