// A generic source's own JSON by its own mapping.
import { describe, expect, test } from "vitest";
import { type Delivery, DeliveryError } from "../../src/alerts/alert.ts";
import { fingerprintOf } from "../../src/alerts/fingerprint.ts";
import { DEFAULT_DELIVERY_LIMITS } from "../../src/alerts/limits.ts";
import { compileMapping, MappingError, mappingSchema, type MappingSource } from "../../src/alerts/mapping.ts";
import { normaliseDelivery } from "../../src/alerts/normalise.ts";
import { ExpressionError } from "../../src/expressions/cel.ts";

const NOW_MS = Date.parse("2026-11-23T03:00:00Z");
/** The example of the settings. */
const MAP: MappingSource = {
  alerts: "body.incidents",
  status: 'item.state == "open" ? "firing" : "resolved"',
  labels: '{"alertname": item.kind, "service": item.service}',
  starts_at: "item.opened",
};
const INCIDENT = { state: "open", kind: "Slow", service: "web", opened: "2026-11-23T02:00:00Z" };

function read(body: unknown, map: MappingSource = MAP): Delivery {
  const source = { kind: "generic", mapping: compileMapping(map) } as const;
  const bytes = Buffer.from(JSON.stringify(body));
  return normaliseDelivery(source, { bytes, contentType: undefined }, NOW_MS, DEFAULT_DELIVERY_LIMITS);
}

test("maps each element of a list", () => {
  const delivery = read({ incidents: [INCIDENT, { ...INCIDENT, state: "closed", service: "api" }] });
  expect(delivery).toMatchObject({ dialect: "generic", invalid: [], receiver: null });
  const labels = new Map([
    ["alertname", "Slow"],
    ["service", "web"],
  ]);
  expect(delivery.alerts[0]).toMatchObject({
    status: "firing",
    nature: "plain",
    labels,
    fingerprint: fingerprintOf(labels),
    startsAt: "2026-11-23T02:00:00Z",
    startsAtMs: Date.parse("2026-11-23T02:00:00Z"),
    isStartAssumed: false,
    endsAtMs: null,
  });
  expect(delivery.alerts[1]).toMatchObject({ status: "resolved", endsAtMs: null });
});

test("without `alerts` the body is the alert, and what is not mapped is assumed", () => {
  const map = { status: '"firing"', labels: '{"alertname": body.type, "subject": item.subject}' };
  const delivery = read({ type: "com.example.alert.firing", subject: "InstanceDown" }, map);
  expect(delivery.alerts[0]).toMatchObject({ startsAtMs: NOW_MS, isStartAssumed: true });
  expect(delivery.alerts[0]?.labels.get("subject")).toBe("InstanceDown");
});

test("an absent optional leaves the label out", () => {
  const map = { ...MAP, labels: '{"alertname": item.kind, "team": item.?team}' };
  const { alerts, invalid } = read({ incidents: [INCIDENT] }, map);
  expect(invalid).toEqual([]);
  expect([...(alerts[0]?.labels ?? [])]).toEqual([["alertname", "Slow"]]);
});

test("takes times as timestamps too, and an end for what is resolved", () => {
  const map = { ...MAP, starts_at: "timestamp(item.at)", ends_at: "timestamp(item.until)" };
  const item = { ...INCIDENT, state: "closed", at: 1795395600, until: 1795399200 };
  expect(read({ incidents: [item] }, map).alerts[0]).toMatchObject({
    startsAtMs: 1795395600000,
    endsAtMs: 1795399200000,
  });
});

test.each([
  ["a fingerprint stays", '"0123456789abcdef"', "0123456789abcdef"],
  ["any other text is hashed", '"incident-7"', fingerprintOf(new Map([["fingerprint", "incident-7"]]))],
  ["a number is hashed", "7", fingerprintOf(new Map([["fingerprint", "7"]]))],
  [
    "nothing is the labels' own",
    '""',
    fingerprintOf(
      new Map([
        ["alertname", "Slow"],
        ["service", "web"],
      ]),
    ),
  ],
])("fingerprint: %s", (_name, fingerprint, expected) => {
  expect(read({ incidents: [INCIDENT] }, { ...MAP, fingerprint }).alerts[0]?.fingerprint).toBe(expected);
});

describe("what does not fit", () => {
  test.each<[string, Partial<MappingSource>, object, string]>([
    ["a missing member", {}, { kind: undefined }, ""],
    ["a status of another word", { status: "item.state" }, {}, 'must give "firing"'],
    [
      "a label that is no text",
      { labels: '{"alertname": item.kind, "n": item.n}' },
      { n: 5 },
      "must be a text",
    ],
    ["labels that are no map", { labels: "item.kind" }, {}, "must be an object"],
    ["a start that is no time", {}, { opened: "today" }, "RFC 3339"],
    ["no labels at all", { labels: "{}" }, {}, "no identity"],
  ])("%s", (_name, map, change, message) => {
    const readBad = () => read({ incidents: [{ ...INCIDENT, ...change }] }, { ...MAP, ...map });
    expect(readBad).toThrow(DeliveryError);
    expect(readBad).toThrow(/^\/incidents\/0/);
    expect(readBad).toThrow(message);
  });

  test("one that does not fit leaves the others", () => {
    const delivery = read({ incidents: [INCIDENT, { ...INCIDENT, kind: undefined }] });
    expect(delivery.alerts).toHaveLength(1);
    expect(delivery.invalid).toEqual([{ pointer: "/incidents/1", message: expect.stringContaining("kind") }]);
  });

  test("no list refuses the delivery", () => {
    expect(() => read({})).toThrow(DeliveryError);
    expect(() => read({ incidents: 3 })).toThrow("must be an array");
  });

  test("an expression that does not compile names its key", () => {
    const compile = () => compileMapping({ ...MAP, starts_at: "item.(" });
    expect(compile).toThrow(MappingError);
    expect(compile).toThrow(
      expect.objectContaining({ key: "starts_at", cause: expect.any(ExpressionError) }),
    );
  });

  test("an unknown key is refused", () => {
    expect(mappingSchema.safeParse({ ...MAP, start: "x" }).success).toBe(false);
    expect(mappingSchema.safeParse({ labels: "x" }).success).toBe(false);
  });
});

test("a generic source without a map still knows the usual webhooks", () => {
  const bytes = Buffer.from(JSON.stringify({ version: "4", alerts: [] }));
  const source = { kind: "generic", mapping: null } as const;
  const delivery = normaliseDelivery(
    source,
    { bytes, contentType: undefined },
    NOW_MS,
    DEFAULT_DELIVERY_LIMITS,
  );
  expect(delivery.dialect).toBe("alertmanager");
});
