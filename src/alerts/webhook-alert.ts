import type { Alert, Labels } from "./alert.ts";
import {
  isObject,
  type JsonObject,
  natureOf,
  readAnnotations,
  readEnd,
  type Reading,
  readLabels,
  readOrgId,
  readStart,
  readUrl,
  recovered,
  refuse,
} from "./alert-fields.ts";
import { fingerprintOf, isFingerprint } from "./fingerprint.ts";

/**
 * Reads one alert as Alertmanager's and Grafana's webhooks both send it; null after a refusal. Grafana adds `values`,
 * `orgId` and its test button, which Alertmanager never sends. Written by hand: this runs for each alert received.
 */
export function readWebhookAlert(value: unknown, reading: Reading, index: number): Alert | null {
  if (!isObject(value)) return refuse(reading, index, "", "must be an object");
  const status = value["status"];
  if (status !== "firing" && status !== "resolved")
    return refuse(reading, index, "/status", 'must be "firing" or "resolved"');
  const labels = readLabels(value["labels"], reading, index);
  if (labels === null) return null;
  const annotations = readAnnotations(value["annotations"], reading, index);
  if (annotations === null) return null;
  const start = readStart(value["startsAt"], reading, index, "/startsAt");
  if (start === null) return null;
  // While firing it is Go's zero time or a lease, and means nothing.
  const endsAtMs = status === "firing" ? null : readEnd(value["endsAt"], reading, index, "/endsAt");
  if (endsAtMs === undefined) return null;
  const fingerprint = readFingerprint(value["fingerprint"], labels);
  if (fingerprint === null)
    return refuse(
      reading,
      index,
      "/labels",
      "an alert without labels and without fingerprint has no identity",
    );
  return {
    status,
    isRecovery: recovered(status, annotations),
    nature: isTestButton(value, fingerprint) ? "test" : natureOf(labels, annotations),
    labels,
    annotations,
    values: readValues(value["values"]),
    fingerprint,
    orgId: readOrgId(value["orgId"]) ?? reading.orgId,
    startsAtMs: start.startsAtMs,
    isStartAssumed: start.isStartAssumed,
    startsAt: start.startsAt,
    endsAtMs,
    generatorUrl: readUrl(value["generatorURL"], reading.limits),
  };
}

/** The sender's own, since Grafana's cannot be computed again from what it sends; computed where there is none. */
function readFingerprint(value: unknown, labels: Labels): string | null {
  if (typeof value === "string" && isFingerprint(value)) return value;
  return labels.size === 0 ? null : fingerprintOf(labels);
}

const TEST_FINGERPRINT = "57c6d9296de2ad39";
/** Sent with every test, also when the person changed the labels of the test alert. */
const TEST_VALUE_STRING = "[ metric='foo' labels={instance=bar} value=10 ]";

function isTestButton(alert: JsonObject, fingerprint: string): boolean {
  return fingerprint === TEST_FINGERPRINT || alert["valueString"] === TEST_VALUE_STRING;
}

/** Query results by reference id. One that is no finite number is left out; Grafana sends null for all when one is NaN. */
function readValues(value: unknown): ReadonlyMap<string, number> | null {
  if (!isObject(value)) return null;
  const values = new Map<string, number>();
  for (const reference in value) {
    const result = value[reference];
    if (typeof result === "number" && Number.isFinite(result)) values.set(reference, result);
  }
  return values;
}
