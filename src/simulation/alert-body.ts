import type { Delivery } from "../alerts/alert.ts";
import { fingerprintOf } from "../alerts/fingerprint.ts";
import type { DeliveryLimits } from "../alerts/limits.ts";
import { normaliseDelivery } from "../alerts/normalise.ts";
import { expandLabels } from "./ranges.ts";
import type { AlertConfig, ResolvedConfig } from "./test-schema.ts";

/** The alerts of a test, as Alertmanager would post them. */
export interface AlertSender {
  /** The deliveries that say so, by source; those of alerts with a `count` several times. */
  firing(alerts: readonly AlertConfig[], nowMs: number): readonly SentDelivery[];
  resolved(alerts: readonly ResolvedConfig[], nowMs: number): readonly SentDelivery[];
}

export interface SentDelivery {
  readonly source: string;
  readonly delivery: Delivery;
}

interface SentAlert {
  readonly source: string;
  readonly count: number;
  readonly alert: Readonly<Record<string, unknown>>;
}

/** Remembers since when each alert fires, so that a later delivery of it is a repeat and no new alert. */
export function createAlertSender(defaultSource: string, limits: DeliveryLimits): AlertSender {
  const startsAtMs = new Map<string, number>();

  function firing(config: AlertConfig, nowMs: number): SentAlert[] {
    return expanded(config).map((labels) => {
      const source = config.source ?? defaultSource;
      const key = `${source}/${fingerprintOf(labels)}`;
      const startMs = config.starts_at ?? startsAtMs.get(key) ?? nowMs;
      startsAtMs.set(key, startMs);
      const { annotations, values, count } = config;
      const startsAt = new Date(startMs).toISOString();
      return {
        source,
        count,
        alert: {
          status: "firing",
          labels: Object.fromEntries(labels),
          annotations,
          startsAt,
          ...(values === undefined ? {} : { values }),
        },
      };
    });
  }

  function resolved(config: ResolvedConfig, nowMs: number): SentAlert[] {
    return expanded(config).map((labels) => {
      const source = config.source ?? defaultSource;
      startsAtMs.delete(`${source}/${fingerprintOf(labels)}`);
      const endsAt = new Date(nowMs).toISOString();
      const { annotations } = config;
      const alert = { status: "resolved", labels: Object.fromEntries(labels), annotations, endsAt };
      return { source, count: 1, alert };
    });
  }

  function deliveriesOf(sent: readonly SentAlert[], nowMs: number): SentDelivery[] {
    const times = Math.max(0, ...sent.map(({ count }) => count));
    const sources = [...new Set(sent.map(({ source }) => source))];
    return Array.from({ length: times }).flatMap((_, time) =>
      sources.flatMap((source) => {
        const alerts = sent.filter((each) => each.source === source && each.count > time);
        if (alerts.length === 0) return [];
        const bytes = Buffer.from(JSON.stringify(envelope(alerts.map(({ alert }) => alert))));
        // Whatever the source's kind: a test says what its alerts are, not how their sender writes them.
        const reader = { kind: "alertmanager", mapping: null } as const;
        const delivery = normaliseDelivery(reader, { bytes, contentType: undefined }, nowMs, limits);
        return [{ source, delivery }];
      }),
    );
  }

  return {
    firing: (alerts, nowMs) =>
      deliveriesOf(
        alerts.flatMap((alert) => firing(alert, nowMs)),
        nowMs,
      ),
    resolved: (alerts, nowMs) =>
      deliveriesOf(
        alerts.flatMap((alert) => resolved(alert, nowMs)),
        nowMs,
      ),
  };
}

function expanded(config: Pick<AlertConfig, "labels">): ReadonlyMap<string, string>[] {
  return (expandLabels(Object.entries(config.labels)) ?? []).map((pairs) => new Map(pairs));
}

function envelope(alerts: readonly unknown[]): unknown {
  return {
    version: "4",
    receiver: "nightshift",
    status: "firing",
    groupKey: "{}",
    truncatedAlerts: 0,
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://alertmanager.example.net",
    alerts,
  };
}
