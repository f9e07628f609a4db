import type { Delivery, InvalidAlert } from "./alert.ts";
import { type JsonObject, readOrgId } from "./alert-fields.ts";
import { alertList, checkVersion, pointerInAlerts, readAlerts, readEnvelope } from "./envelope.ts";
import type { DeliveryLimits } from "./limits.ts";

/** Reads the webhook of Grafana's unified alerting (8 and later), version "1". An alert's own organisation goes before the body's. */
export function readGrafana(body: JsonObject, nowMs: number, limits: DeliveryLimits): Delivery {
  checkVersion(body, "1");
  const list = alertList(body["alerts"], "/alerts", limits);
  const invalid: InvalidAlert[] = [];
  const orgId = readOrgId(body["orgId"]);
  const alerts = readAlerts(list, { nowMs, limits, pointerOf: pointerInAlerts, orgId, invalid });
  return { dialect: "grafana", alerts, invalid, ...readEnvelope(body, limits) };
}
