import type { Alert, Delivery, InvalidAlert } from "./alert.ts";
import {
  isObject,
  natureOf,
  readAnnotations,
  readEnd,
  type Reading,
  readLabels,
  readStart,
  readUrl,
  recovered,
  refuse,
} from "./alert-fields.ts";
import { alertList, readAlerts } from "./envelope.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { DeliveryLimits } from "./limits.ts";

/** Reads what Prometheus, vmalert and Grafana post to Alertmanager's API v2: an array of alerts without a status. */
export function readAlertmanagerPush(
  body: readonly unknown[],
  nowMs: number,
  limits: DeliveryLimits,
): Delivery {
  const invalid: InvalidAlert[] = [];
  const list = alertList(body, "", limits);
  const pointerOf = (index: number) => `/${index}`;
  const alerts = readAlerts(list, { nowMs, limits, pointerOf, orgId: null, invalid }, readPushedAlert);
  return {
    dialect: "alertmanager_push",
    alerts,
    invalid,
    receiver: null,
    truncatedAlerts: 0,
    externalUrl: null,
  };
}

/** An end in the past means resolved, as in Alertmanager; one in the future is the lease of a firing alert. */
function readPushedAlert(value: unknown, reading: Reading, index: number): Alert | null {
  if (!isObject(value)) return refuse(reading, index, "", "must be an object");
  if (typeof value["status"] === "string")
    return refuse(
      reading,
      index,
      "/status",
      "an alert of the push API has no status; send the whole webhook body",
    );
  const labels = readLabels(value["labels"], reading, index);
  if (labels === null) return null;
  if (labels.size === 0) return refuse(reading, index, "/labels", "at least one label is required");
  const annotations = readAnnotations(value["annotations"], reading, index);
  if (annotations === null) return null;
  const start = readStart(value["startsAt"], reading, index, "/startsAt");
  if (start === null) return null;
  const leaseEndMs = readEnd(value["endsAt"], reading, index, "/endsAt");
  if (leaseEndMs === undefined) return null;
  const hasEnded = leaseEndMs !== null && leaseEndMs <= reading.nowMs;
  const status = hasEnded ? "resolved" : "firing";
  return {
    status,
    isRecovery: recovered(status, annotations),
    nature: natureOf(labels, annotations),
    labels,
    annotations,
    values: null,
    fingerprint: fingerprintOf(labels),
    orgId: null,
    startsAtMs: start.startsAtMs,
    isStartAssumed: start.isStartAssumed,
    startsAt: start.startsAt,
    endsAtMs: hasEnded ? leaseEndMs : null,
    generatorUrl: readUrl(value["generatorURL"], reading.limits),
  };
}
