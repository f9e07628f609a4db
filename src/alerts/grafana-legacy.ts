import type { Alert, Delivery, InvalidAlert } from "./alert.ts";
import {
  assumedStart,
  isObject,
  type JsonObject,
  readAnnotations,
  type Reading,
  readLabels,
  readOrgId,
  readUrl,
  refuse,
} from "./alert-fields.ts";
import { readAlerts } from "./envelope.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { DeliveryLimits } from "./limits.ts";
import type { ParsedBody } from "./parse-json.ts";

type Meaning = Pick<Alert, "status" | "isRecovery" | "nature">;

/** What the states mean. `pending` and `unknown` say nothing about firing: a delivery with such a state has no alerts. */
const STATES: ReadonlyMap<unknown, Meaning> = new Map<unknown, Meaning>([
  ["alerting", { status: "firing", isRecovery: true, nature: "plain" }],
  ["ok", { status: "resolved", isRecovery: true, nature: "plain" }],
  ["no_data", { status: "firing", isRecovery: true, nature: "meta" }],
  ["paused", { status: "resolved", isRecovery: false, nature: "meta" }],
]);
const SILENT_STATES: readonly unknown[] = ["pending", "unknown"];

/**
 * Reads the webhook of Grafana's dashboard alerts (before 9): one alert, known by organisation and rule id, without times.
 * Its labels are the rule's tags with `alertname` and `rule_id`; its fingerprint is that of the rule id alone.
 */
export function readGrafanaLegacy(parsed: ParsedBody, nowMs: number, limits: DeliveryLimits): Delivery {
  const invalid: InvalidAlert[] = [];
  const body = parsed.value as JsonObject;
  const ruleId = exactRuleId(parsed.text);
  const reading: Reading = { nowMs, limits, pointerOf: () => "", orgId: readOrgId(body["orgId"]), invalid };
  const list = SILENT_STATES.includes(body["state"]) ? [] : [body];
  const alerts = readAlerts(list, reading, () => readLegacyAlert(body, ruleId, reading));
  return {
    dialect: "grafana_legacy",
    alerts,
    invalid,
    receiver: null,
    truncatedAlerts: 0,
    externalUrl: null,
  };
}

function readLegacyAlert(body: JsonObject, ruleId: string | null, reading: Reading): Alert | null {
  const meaning = STATES.get(body["state"]);
  if (meaning === undefined)
    return refuse(reading, 0, "/state", "must be alerting, ok, no_data, paused or pending");
  if (ruleId === null) return refuse(reading, 0, "/ruleId", "must be an integer");
  const ruleName = body["ruleName"];
  const name = typeof ruleName === "string" && ruleName !== "" ? ruleName : `rule ${ruleId}`;
  const labels = readLabels({ ...readTags(body["tags"]), alertname: name, rule_id: ruleId }, reading, 0);
  const annotations = readAnnotations(readProse(body), reading, 0);
  if (labels === null || annotations === null) return null;
  return {
    ...meaning,
    nature: isTestButton(body) ? "test" : meaning.nature,
    labels,
    annotations,
    values: readMatches(body["evalMatches"]),
    fingerprint: fingerprintOf(new Map([["rule_id", ruleId]])),
    orgId: reading.orgId,
    ...assumedStart(reading.nowMs),
    endsAtMs: null,
    generatorUrl: readUrl(body["ruleUrl"], reading.limits),
  };
}

/** The rule's own labels. */
function readTags(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function readProse(body: JsonObject): JsonObject {
  const prose: [string, unknown][] = [
    ["title", body["title"]],
    ["message", body["message"]],
    ["image_url", body["imageUrl"]],
  ];
  return Object.fromEntries(prose.filter(([, text]) => typeof text === "string" && text !== ""));
}

function readMatches(value: unknown): ReadonlyMap<string, number> | null {
  if (!Array.isArray(value)) return null;
  const values = new Map<string, number>();
  for (const match of value as unknown[]) {
    if (!isObject(match)) continue;
    const { metric, value: result } = match;
    if (typeof metric === "string" && typeof result === "number" && Number.isFinite(result))
      values.set(metric, result);
  }
  return values.size === 0 ? null : values;
}

/** The button sends this name and text with a random rule id (or 0), beyond 2^53 more often than not. */
function isTestButton(body: JsonObject): boolean {
  const message = body["message"];
  return (
    body["ruleName"] === "Test notification" &&
    typeof message === "string" &&
    message.startsWith("Someone is testing")
  );
}

type SourceReviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

/** The rule id's digits as sent: it is an int64, which a number cannot hold. Null where it is no integer. */
function exactRuleId(text: string): string | null {
  // By the object that holds it, since a tag may have the same name.
  const sources = new Map<unknown, string | undefined>();
  const reviver: SourceReviver = function (key, value, context) {
    if (key === "ruleId") sources.set(this, context.source);
    return value;
  };
  const body: unknown = JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  const source = sources.get(body);
  return source !== undefined && /^-?\d+$/.test(source) ? source : null;
}
