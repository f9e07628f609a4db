import { type Delivery, DeliveryError, type SourceKind } from "./alert.ts";
import { isObject, type JsonObject } from "./alert-fields.ts";
import { readAlertmanager } from "./alertmanager.ts";
import { readAlertmanagerPush } from "./alertmanager-push.ts";
import { detectDialect } from "./detect.ts";
import { readGeneric } from "./generic.ts";
import { readGrafana } from "./grafana.ts";
import { readGrafanaLegacy } from "./grafana-legacy.ts";
import type { DeliveryLimits } from "./limits.ts";
import type { Mapping } from "./mapping.ts";
import { checkMediaType } from "./media-type.ts";
import { type ParsedBody, parseJson } from "./parse-json.ts";

/** What must be known of a source to read its bodies. */
export interface DeliverySource {
  readonly kind: SourceKind;
  /** Only a generic source has one; without one its bodies must be of a known dialect. */
  readonly mapping: Mapping | null;
}

export interface DeliveryBody {
  readonly bytes: Buffer;
  /** The Content-Type header, undefined when there was none. */
  readonly contentType: string | undefined;
}

/**
 * Reads one webhook body. Alerts that cannot be used are listed in `invalid`; an empty list of alerts is a delivery too.
 * Throws {@link DeliveryError}, and nothing else, when the body is no delivery or none of its alerts is usable.
 */
export function normaliseDelivery(
  source: DeliverySource,
  body: DeliveryBody,
  nowMs: number,
  limits: DeliveryLimits,
): Delivery {
  checkMediaType(body.contentType);
  const parsed = parseJson(body.bytes, limits);
  if (source.kind === "generic" && source.mapping !== null)
    return readGeneric(parsed.value, source.mapping, nowMs, limits);
  // Any dialect is taken from any source: a refused alert is a lost one, since its sender does not repeat it.
  return readDialect(parsed, nowMs, limits);
}

function readDialect(parsed: ParsedBody, nowMs: number, limits: DeliveryLimits): Delivery {
  const { value } = parsed;
  const dialect = detectDialect(value);
  switch (dialect) {
    case "alertmanager":
      return readAlertmanager(value as JsonObject, nowMs, limits);
    case "grafana":
      return readGrafana(value as JsonObject, nowMs, limits);
    case "alertmanager_push":
      return readAlertmanagerPush(value as readonly unknown[], nowMs, limits);
    case "grafana_legacy":
      return readGrafanaLegacy(parsed, nowMs, limits);
    case undefined:
      throw new DeliveryError([{ pointer: "", message: unknownMessage(value) }]);
  }
}

function unknownMessage(value: unknown): string {
  if (!isObject(value) && !Array.isArray(value)) return "must be an object or an array";
  return "neither a webhook of Alertmanager nor of Grafana; for a payload of your own give the source `kind: generic` and a `map`";
}
