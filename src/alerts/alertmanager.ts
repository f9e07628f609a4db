import type { Delivery, InvalidAlert } from "./alert.ts";
import type { JsonObject } from "./alert-fields.ts";
import { alertList, checkVersion, pointerInAlerts, readAlerts, readEnvelope } from "./envelope.ts";
import type { DeliveryLimits } from "./limits.ts";

/** Reads Alertmanager's webhook, version "4". The body's own `status` is not read: each alert has one. */
export function readAlertmanager(body: JsonObject, nowMs: number, limits: DeliveryLimits): Delivery {
  checkVersion(body, "4");
  const list = alertList(body["alerts"], "/alerts", limits);
  const invalid: InvalidAlert[] = [];
  const alerts = readAlerts(list, { nowMs, limits, pointerOf: pointerInAlerts, orgId: null, invalid });
  return { dialect: "alertmanager", alerts, invalid, ...readEnvelope(body, limits) };
}
