import { isObject } from "./alert-fields.ts";
import type { Delivery } from "./alert.ts";

export type Dialect = Delivery["dialect"];

/** Members that only Grafana's own webhook has beside `alerts`. */
const GRAFANA_KEYS = ["orgId", "state", "title"] as const;
/** Members by which a body without `alerts` is still known as a broken webhook of Alertmanager or Grafana. */
const ENVELOPE_KEYS = ["alerts", "groupKey", "receiver", "commonLabels", "version"] as const;

/**
 * Which dialect a body speaks, from its content alone. Undefined for anything else: a custom payload or a CloudEvent, which
 * need a mapping. The order of the tests matters; it is that of the wire contracts.
 */
export function detectDialect(body: unknown): Exclude<Dialect, "generic"> | undefined {
  if (Array.isArray(body)) return body.some(isCloudEvent) ? undefined : "alertmanager_push";
  if (!isObject(body) || isCloudEvent(body)) return undefined;
  if (Object.hasOwn(body, "alerts")) {
    const isVersion1 = body["version"] === "1" || body["version"] === 1;
    return isVersion1 || GRAFANA_KEYS.some((key) => Object.hasOwn(body, key)) ? "grafana" : "alertmanager";
  }
  if ((Object.hasOwn(body, "ruleName") || Object.hasOwn(body, "ruleUrl")) && Object.hasOwn(body, "state"))
    return "grafana_legacy";
  // One member alone proves nothing: custom payloads like to copy `commonLabels`.
  const envelopeKeys = ENVELOPE_KEYS.filter((key) => Object.hasOwn(body, key));
  return envelopeKeys.length >= 3 ? "alertmanager" : undefined;
}

function isCloudEvent(value: unknown): boolean {
  return isObject(value) && Object.hasOwn(value, "specversion");
}
