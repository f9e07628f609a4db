import type { Expression } from "../expressions/cel.ts";
import { type Alert, type Delivery, DeliveryError, type InvalidAlert } from "./alert.ts";
import {
  assumedStart,
  isObject,
  readAnnotations,
  readEnd,
  type Reading,
  readLabels,
  readStart,
  recovered,
  refuse,
} from "./alert-fields.ts";
import { alertList, readAlerts } from "./envelope.ts";
import { fingerprintOf, isFingerprint } from "./fingerprint.ts";
import type { DeliveryLimits } from "./limits.ts";
import type { Mapping } from "./mapping.ts";

/** A plain path such as `body.incidents`, from which JSON pointers of its items follow. */
const PLAIN_PATH = /^body((?:\.[A-Za-z_]\w*)*)$/;

/** Reads any JSON by a source's own mapping. Expressions see `body`, and `item` for each element of its alerts. */
export function readGeneric(
  body: unknown,
  mapping: Mapping,
  nowMs: number,
  limits: DeliveryLimits,
): Delivery {
  const invalid: InvalidAlert[] = [];
  const pointerOf = pointersOf(mapping.alerts);
  const list = mapping.alerts === null ? [body] : alertList(evaluateList(mapping.alerts, body), "", limits);
  const alerts = readAlerts(
    list,
    { nowMs, limits, pointerOf, orgId: null, invalid },
    (item, reading, index) => readMappedAlert({ body, item }, mapping, reading, index),
  );
  return { dialect: "generic", alerts, invalid, receiver: null, truncatedAlerts: 0, externalUrl: null };
}

function pointersOf(alerts: Expression | null): (index: number) => string {
  if (alerts === null) return () => "";
  const path = PLAIN_PATH.exec(alerts.source.trim())?.[1];
  // Elsewhere the place in the body is not known; the index within what the expression gave is the best there is.
  return (index) => (path === undefined ? `/${index}` : `${path.replaceAll(".", "/")}/${index}`);
}

function evaluateList(expression: Expression, body: unknown): unknown {
  try {
    return expression.evaluate({ body });
  } catch (error) {
    throw new DeliveryError([{ pointer: "", message: `map.alerts: ${describe(error)}` }]);
  }
}

interface Variables extends Readonly<Record<string, unknown>> {
  readonly body: unknown;
  readonly item: unknown;
}

function readMappedAlert(
  variables: Variables,
  mapping: Mapping,
  reading: Reading,
  index: number,
): Alert | null {
  let mapped: Mapped;
  try {
    mapped = evaluateMapping(mapping, variables);
  } catch (error) {
    return refuse(reading, index, "", describe(error));
  }
  const { status } = mapped;
  if (status !== "firing" && status !== "resolved")
    return refuse(reading, index, "", 'map.status must give "firing" or "resolved"');
  const labels = readLabels(withoutNulls(mapped.labels), reading, index);
  if (labels === null) return null;
  const annotations = readAnnotations(withoutNulls(mapped.annotations), reading, index);
  if (annotations === null) return null;
  const start =
    mapping.startsAt === null ? assumedStart(reading.nowMs) : readStart(mapped.startsAt, reading, index, "");
  if (start === null) return null;
  const endsAtMs = status === "firing" ? null : readEnd(mapped.endsAt, reading, index, "");
  if (endsAtMs === undefined) return null;
  const fingerprint = mapped.fingerprint ?? (labels.size > 0 ? fingerprintOf(labels) : null);
  if (fingerprint === null)
    return refuse(reading, index, "", "map.labels gave no label, so that the alert has no identity");
  return {
    status,
    isRecovery: recovered(status, annotations),
    nature: "plain",
    labels,
    annotations,
    values: null,
    fingerprint,
    orgId: null,
    startsAtMs: start.startsAtMs,
    isStartAssumed: start.isStartAssumed,
    startsAt: start.startsAt,
    endsAtMs,
    generatorUrl: null,
  };
}

interface Mapped {
  readonly status: unknown;
  readonly labels: unknown;
  readonly annotations: unknown;
  readonly startsAt: unknown;
  readonly endsAt: unknown;
  readonly fingerprint: string | null;
}

function evaluateMapping(mapping: Mapping, variables: Variables): Mapped {
  const optional = (expression: Expression | null): unknown => expression?.evaluate(variables);
  return {
    status: mapping.status.evaluate(variables),
    labels: mapping.labels.evaluate(variables),
    annotations: optional(mapping.annotations),
    startsAt: optional(mapping.startsAt),
    endsAt: optional(mapping.endsAt),
    fingerprint: identityOf(optional(mapping.fingerprint)),
  };
}

/** A fingerprint stays as it is; any other text or number is hashed to one. */
function identityOf(value: unknown): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const text = String(value);
  if (text === "") return null;
  return isFingerprint(text) ? text : fingerprintOf(new Map([["fingerprint", text]]));
}

/** Null stands for an absent optional, as in `{"team": item.?team}`. */
function withoutNulls(value: unknown): unknown {
  if (value instanceof Map) return withoutNulls(Object.fromEntries(value));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, text]) => text !== null));
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
