import type { Alert, Delivery } from "./alert.ts";
import { DeliveryError } from "./alert.ts";
import { isLongerThan, type JsonObject, type Reading, readUrl, typeName } from "./alert-fields.ts";
import type { DeliveryLimits } from "./limits.ts";
import { readWebhookAlert } from "./webhook-alert.ts";

/** A version that is a number is taken for its text: some forwarders send it so. Throws {@link DeliveryError} on another. */
export function checkVersion(body: JsonObject, known: string): void {
  const version = body["version"];
  if (version === undefined || version === null || version === known || version === Number(known)) return;
  throw new DeliveryError([
    { pointer: "/version", message: `another version of the webhook than "${known}" cannot be read` },
  ]);
}

/** The list under `alerts`. Throws {@link DeliveryError} where there is none, or too long a one. */
export function alertList(value: unknown, pointer: string, limits: DeliveryLimits): readonly unknown[] {
  if (value === undefined) throw new DeliveryError([{ pointer, message: "is required" }]);
  if (!Array.isArray(value))
    throw new DeliveryError([{ pointer, message: `must be an array, is ${typeName(value)}` }]);
  if (value.length <= limits.alertsMax) return value;
  const message = `has ${value.length} alerts, more than ${limits.alertsMax}`;
  throw new DeliveryError([{ pointer, message }], "too_large");
}

/** Where the alerts of both webhooks are. */
export function pointerInAlerts(index: number): string {
  return `/alerts/${index}`;
}

/** Reads each alert of a list. Throws {@link DeliveryError} when there are some and none can be used. */
export function readAlerts(
  list: readonly unknown[],
  reading: Reading,
  read: (value: unknown, reading: Reading, index: number) => Alert | null = readWebhookAlert,
): Alert[] {
  const alerts: Alert[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const alert = read(list[index], reading, index);
    if (alert !== null) alerts.push(alert);
  }
  if (alerts.length === 0 && reading.invalid.length > 0) throw new DeliveryError(reading.invalid);
  return alerts;
}

/** What Alertmanager and Grafana both say about the delivery as a whole. */
export function readEnvelope(
  body: JsonObject,
  limits: DeliveryLimits,
): Pick<Delivery, "receiver" | "truncatedAlerts" | "externalUrl"> {
  return {
    receiver: readReceiver(body["receiver"], limits),
    truncatedAlerts: readCount(body["truncatedAlerts"]),
    externalUrl: readUrl(body["externalURL"], limits),
  };
}

const QUOTED_META = /\\([\\.+*?()|[\]{}^$])/g;

/** Both senders send `regexp.QuoteMeta` of the name: a receiver `web.hook` arrives as `web\.hook`. */
function readReceiver(value: unknown, limits: DeliveryLimits): string | null {
  if (typeof value !== "string" || isLongerThan(value, limits.labelValueBytesMax)) return null;
  return value.includes("\\") ? value.replace(QUOTED_META, "$1") : value;
}

/** Absent before Alertmanager 0.21. A hint, so that nothing is refused for it. */
function readCount(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
