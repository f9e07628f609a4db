import type { Alert, AlertNature, InvalidAlert, Labels } from "./alert.ts";
import type { DeliveryLimits } from "./limits.ts";
import { parseTimestampMs, ZERO_TIME_MS } from "./timestamps.ts";

/** What reading one body needs and finds. */
export interface Reading {
  readonly nowMs: number;
  readonly limits: DeliveryLimits;
  /** JSON pointer of an alert within the body; called only when there is something to say about it. */
  readonly pointerOf: (index: number) => string;
  /** The organisation that the body names for all its alerts. */
  readonly orgId: string | null;
  /** Filled with what is wrong, one entry for each alert that cannot be used. */
  readonly invalid: InvalidAlert[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Records why the alert at `index` cannot be used; null, so that a reader can return it. */
export function refuse(reading: Reading, index: number, path: string, message: string): null {
  reading.invalid.push({ pointer: `${reading.pointerOf(index)}${path}`, message });
  return null;
}

/** A UTF-16 code unit needs at most 3 bytes in UTF-8. */
const UTF8_BYTES_MAX = 3;

/** Whether the text has more bytes than allowed; counts them only where the number of characters leaves a doubt. */
export function isLongerThan(text: string, bytesMax: number): boolean {
  return text.length * UTF8_BYTES_MAX > bytesMax && Buffer.byteLength(text) > bytesMax;
}

/** Labels as a Map; null after a refusal. Labels with an empty value are left out: to Alertmanager they do not exist. */
export function readLabels(value: unknown, reading: Reading, index: number): Labels | null {
  const { labelsMax, labelValueBytesMax } = reading.limits;
  const labels = readTexts(value, reading, index, "/labels", labelValueBytesMax);
  if (labels === null) return null;
  if (labels.size > labelsMax)
    return refuse(reading, index, "/labels", `has ${labels.size} labels, more than ${labelsMax}`);
  for (const [name, text] of labels) if (text === "") labels.delete(name);
  return labels;
}

export function readAnnotations(value: unknown, reading: Reading, index: number): Labels | null {
  const { labelsMax, annotationBytesMax } = reading.limits;
  const annotations = readTexts(value, reading, index, "/annotations", annotationBytesMax);
  if (annotations === null || annotations.size <= labelsMax) return annotations;
  return refuse(
    reading,
    index,
    "/annotations",
    `has ${annotations.size} annotations, more than ${labelsMax}`,
  );
}

/** An object of texts; null and a missing value are an empty one, as some forwarders send them. */
function readTexts(
  value: unknown,
  reading: Reading,
  index: number,
  path: string,
  valueBytesMax: number,
): Map<string, string> | null {
  const texts = new Map<string, string>();
  if (value === undefined || value === null) return texts;
  if (!isObject(value)) return refuse(reading, index, path, "must be an object of texts");
  const { labelNameBytesMax } = reading.limits;
  for (const name in value) {
    const text = value[name];
    if (typeof text !== "string")
      return refuse(reading, index, `${path}/${pointerPart(name)}`, `must be a text, is ${typeName(text)}`);
    if (name === "") return refuse(reading, index, `${path}/`, "a name must not be empty");
    if (isLongerThan(name, labelNameBytesMax))
      return refuse(reading, index, path, `a name is longer than ${labelNameBytesMax} bytes`);
    if (isLongerThan(text, valueBytesMax))
      return refuse(reading, index, `${path}/${pointerPart(name)}`, `is longer than ${valueBytesMax} bytes`);
    texts.set(name, text);
  }
  return texts;
}

/** Names in pointers are cut: a pointer is shown to people and logged by senders. */
const POINTER_NAME_MAX = 64;

function pointerPart(name: string): string {
  return name.slice(0, POINTER_NAME_MAX).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
}

export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

export interface Start {
  readonly startsAtMs: number;
  readonly startsAt: string;
  readonly isStartAssumed: boolean;
}

/** When the alert began. Without a start, or with Go's zero time, it is the time of receipt; null after a refusal. */
export function readStart(value: unknown, reading: Reading, index: number, path: string): Start | null {
  if (value === undefined || value === null || value === "") return assumedStart(reading.nowMs);
  const startsAtMs = typeof value === "string" ? parseTimestampMs(value) : undefined;
  if (startsAtMs === undefined) return refuse(reading, index, path, "must be an RFC 3339 time");
  if (startsAtMs === ZERO_TIME_MS) return assumedStart(reading.nowMs);
  return { startsAtMs, startsAt: value as string, isStartAssumed: false };
}

export function assumedStart(nowMs: number): Start {
  return { startsAtMs: nowMs, startsAt: new Date(nowMs).toISOString(), isStartAssumed: true };
}

/** Milliseconds of an end; null where none is named; undefined after a refusal. */
export function readEnd(
  value: unknown,
  reading: Reading,
  index: number,
  path: string,
): number | null | undefined {
  if (value === undefined || value === null || value === "") return null;
  const endsAtMs = typeof value === "string" ? parseTimestampMs(value) : undefined;
  if (endsAtMs !== undefined) return endsAtMs === ZERO_TIME_MS ? null : endsAtMs;
  refuse(reading, index, path, "must be an RFC 3339 time");
  return undefined;
}

const WEB_URL = /^https?:\/\//i;

/** A link that is safe to show: http or https only, so never `javascript:`. Null for anything else. */
export function readUrl(value: unknown, limits: DeliveryLimits): string | null {
  if (typeof value !== "string" || !WEB_URL.test(value)) return null;
  return isLongerThan(value, limits.annotationBytesMax) ? null : value;
}

/** Organisation ids are numbers on the wire. */
export function readOrgId(value: unknown): string | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : null;
}

/** States of the alerting system that Grafana sends under these names instead of the rule's own. */
const META_ALERT_NAMES: readonly string[] = ["DatasourceNoData", "DatasourceError"];
const STATE_REASON = "grafana_state_reason";
/** Reasons why Grafana resolves an alert of which nobody knows whether it recovered. */
const NOT_RECOVERED: readonly string[] = [
  "MissingSeries",
  "Paused",
  "Updated",
  "RuleDeleted",
  "NoData",
  "Error",
];

/** Whether the alert tells of the alerting system itself. Also for alerts that Grafana sent by way of an Alertmanager. */
export function natureOf(labels: Labels, annotations: Labels): AlertNature {
  if (META_ALERT_NAMES.includes(labels.get("alertname") ?? "")) return "meta";
  return annotations.get(STATE_REASON) ? "meta" : "plain";
}

/** Whether a resolved alert recovered, as far as the sender knows. A reason is a list such as `Error, KeepLast`. */
export function recovered(status: Alert["status"], annotations: Labels): boolean {
  const reason = status === "resolved" ? annotations.get(STATE_REASON) : undefined;
  if (reason === undefined) return true;
  return !reason.split(",").some((part) => NOT_RECOVERED.includes(part.trim()));
}
