// What one body becomes: single bad alerts, limits, kinds of bodies. Numbers as in the bad-input catalogue.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Alert, type Delivery, DeliveryError, SOURCE_KINDS } from "../../src/alerts/alert.ts";
import { DEFAULT_DELIVERY_LIMITS } from "../../src/alerts/limits.ts";
import { compileMapping } from "../../src/alerts/mapping.ts";
import { type DeliveryBody, type DeliverySource, normaliseDelivery } from "../../src/alerts/normalise.ts";

const NOW_MS = Date.parse("2026-11-23T03:00:00Z");
const SOURCE = { kind: "alertmanager", mapping: null } as const;

function normalise(body: unknown, contentType?: string): Delivery {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return normaliseDelivery(SOURCE, { bytes, contentType }, NOW_MS, DEFAULT_DELIVERY_LIMITS);
}

function refusal(body: unknown, contentType?: string): DeliveryError {
  try {
    normalise(body, contentType);
  } catch (error) {
    if (error instanceof DeliveryError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

const GOOD = { status: "firing", labels: { alertname: "X" }, startsAt: "2026-11-23T02:00:00Z" };
const v4 = (...alerts: unknown[]) => ({ version: "4", receiver: "r", alerts });

describe("one bad alert among good ones", () => {
  test.each<[string, unknown, string, string]>([
    ["no object", 3, "", "must be an object"],
    ["58 labels as array", { ...GOOD, labels: ["a"] }, "/labels", "an object"],
    ["59 number as value", { ...GOOD, labels: { a: 1 } }, "/labels/a", "must be a text"],
    ["59 null as value", { ...GOOD, labels: { a: null } }, "/labels/a", "is null"],
    [
      "59 object as annotation",
      { ...GOOD, annotations: { "a/b~c": {} } },
      "/annotations/a~1b~0c",
      "must be a text",
    ],
    ["60 empty name", { ...GOOD, labels: { "": "x" } }, "/labels/", "must not be empty"],
    [
      "60 name of 257 bytes",
      { ...GOOD, labels: { ["é".repeat(128) + "x"]: "x" } },
      "/labels",
      "longer than 256",
    ],
    ["value over 8 KiB", { ...GOOD, labels: { a: "x".repeat(8193) } }, "/labels/a", "longer than 8192"],
    [
      "annotation over 64 KiB",
      { ...GOOD, annotations: { a: "x".repeat(65537) } },
      "/annotations/a",
      "longer",
    ],
    ["129 labels", { ...GOOD, labels: many(129) }, "/labels", "has 129 labels"],
    ["64 upper-case status", { ...GOOD, status: "FIRING" }, "/status", '"firing" or "resolved"'],
    ["64 missing status", { labels: { a: "b" } }, "/status", '"firing" or "resolved"'],
    ["62 invalid start", { ...GOOD, startsAt: "2026-02-30T00:00:00Z" }, "/startsAt", "RFC 3339"],
    ["62 end as number", { ...GOOD, status: "resolved", endsAt: 5 }, "/endsAt", "RFC 3339"],
    ["no identity", { ...GOOD, labels: {} }, "/labels", "no identity"],
  ])("%s", (_name, bad, path, message) => {
    const delivery = normalise(v4(GOOD, bad, GOOD));
    expect(delivery.alerts).toHaveLength(2);
    expect(delivery.invalid).toEqual([
      { pointer: `/alerts/1${path}`, message: expect.stringContaining(message) },
    ]);
    expect(refusal(v4(bad)).problems[0]?.pointer).toBe(`/alerts/0${path}`);
  });
});

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, "x"]));
}

describe("limits are reached, and not passed", () => {
  test("128 labels, a name of 256 bytes, a value of 8 KiB, an annotation of 64 KiB", () => {
    const labels = { ...many(127), ["n".repeat(256)]: "x".repeat(8192) };
    const { alerts } = normalise(v4({ ...GOOD, labels, annotations: { a: "é".repeat(32_768) } }));
    expect(alerts[0]?.labels.size).toBe(128);
  });

  test("10,000 alerts are read, one more is too large", () => {
    expect(normalise(v4(...Array<unknown>(10_000).fill(GOOD))).alerts).toHaveLength(10_000);
    expect(refusal(v4(...Array<unknown>(10_001).fill(GOOD)))).toMatchObject({ code: "too_large" });
    expect(refusal(Array<unknown>(10_001).fill({}))).toMatchObject({ code: "too_large" });
  });

  test("an error about 10,000 bad alerts stays short", () => {
    const error = refusal(v4(...Array<unknown>(10_000).fill({})));
    expect(error.problems).toHaveLength(10);
    expect(error.message.length).toBeLessThan(1_000);
    expect(error.message).toContain("and 9990 more");
  });
});

describe("bodies that are no delivery", () => {
  test.each<[string, unknown, string]>([
    ["51 null", "null", "must be an object or an array"],
    ["51 text", '"x"', "must be an object or an array"],
    ["51 number", "42", "must be an object or an array"],
    ["57 alerts as object", { ...v4(), alerts: {} }, "/alerts: must be an array"],
    ["69 version 5", { ...v4(GOOD), version: "5" }, '/version: another version of the webhook than "4"'],
    ["version as object", { ...v4(GOOD), version: { toString: 1 } }, "/version"],
    ["a batch of CloudEvents", [{ specversion: "1.0" }], "neither a webhook"],
  ])("%s", (_name, body, message) => {
    expect(refusal(body).message).toContain(message);
  });
});

describe("content types", () => {
  test.each([
    undefined,
    "",
    "application/json",
    "application/json; charset=utf-8",
    'text/json;charset="UTF-8"',
    "text/plain",
    "application/cloudevents+json",
  ])("%s is read", (contentType) => {
    expect(normalise(v4(GOOD), contentType).alerts).toHaveLength(1);
  });
  test.each([
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "text/html",
  ])("%s is refused", (contentType) => {
    expect(refusal(v4(GOOD), contentType).code).toBe("unsupported_type");
  });
});

describe("a readable delivery", () => {
  test("may have no alerts", () => {
    expect(normalise(v4())).toMatchObject({ dialect: "alertmanager", alerts: [], invalid: [] });
    expect(normalise([])).toMatchObject({ dialect: "alertmanager_push", alerts: [] });
    expect(normalise({ ruleName: "a", ruleId: 1, state: "pending" })).toMatchObject({ alerts: [] });
  });

  test("keeps two alerts that claim the same fingerprint", () => {
    const same = { ...GOOD, fingerprint: "0123456789abcdef" };
    const { alerts } = normalise(v4(same, { ...same, labels: { alertname: "Y" } }));
    expect(alerts.map((alert) => alert.fingerprint)).toEqual([same.fingerprint, same.fingerprint]);
  });

  test.each(["", "68FBAF1952A6109F", "0x1", 5, null])(
    "computes a fingerprint in place of %j",
    (fingerprint) => {
      const [alert] = normalise(
        v4({ ...GOOD, labels: { alertname: "alert1", lbl1: "val1" }, fingerprint }),
      ).alerts;
      expect(alert?.fingerprint).toBe("fac0861a85de433a");
    },
  );

  test("leaves empty labels out, as Alertmanager does", () => {
    const [alert] = normalise(v4({ ...GOOD, labels: { alertname: "X", empty: "" } })).alerts;
    expect([...(alert?.labels ?? [])]).toEqual([["alertname", "X"]]);
  });

  test.each([
    ["javascript:alert(1)", null],
    [" https://x", null],
    ["data:text/html,x", null],
    ["HTTPS://x/y", "HTTPS://x/y"],
    [7, null],
  ])("72 generator URL %j becomes %j", (generatorURL, expected) => {
    expect(normalise(v4({ ...GOOD, generatorURL })).alerts[0]?.generatorUrl).toBe(expected);
  });

  test("67 says how many alerts were left out, and takes nonsense for none", () => {
    expect(normalise({ ...v4(GOOD), truncatedAlerts: 7 }).truncatedAlerts).toBe(7);
    for (const truncatedAlerts of [-1, "7", 1.5, null])
      expect(normalise({ ...v4(GOOD), truncatedAlerts }).truncatedAlerts).toBe(0);
  });
});

describe("alerts pushed as to Alertmanager's API v2", () => {
  const pushed = { labels: { alertname: "alert1", lbl1: "val1" }, startsAt: "2026-11-23T02:00:00Z" };
  test.each([
    ["no end", undefined, "firing", null],
    ["the zero time", "0001-01-01T00:00:00Z", "firing", null],
    ["a lease", "2026-11-23T03:04:00Z", "firing", null],
    ["an end in the past", "2026-11-23T02:59:00Z", "resolved", Date.parse("2026-11-23T02:59:00Z")],
  ])("%s", (_name, endsAt, status, endsAtMs) => {
    const delivery = normalise([{ ...pushed, endsAt }]);
    expect(delivery.dialect).toBe("alertmanager_push");
    expect(delivery.alerts[0]).toMatchObject({ status, endsAtMs, fingerprint: "fac0861a85de433a" });
  });

  test("without labels, or with a status, are refused one by one", () => {
    const delivery = normalise([pushed, { labels: {} }, { ...pushed, status: "firing" }, null]);
    expect(delivery.invalid.map(({ pointer }) => pointer)).toEqual(["/1/labels", "/2/status", "/3"]);
  });
});

describe("legacy Grafana", () => {
  const body = { ruleId: 9, ruleName: "High", state: "alerting", orgId: 3 };
  test.each([
    ["alerting", "firing", true, "plain"],
    ["ok", "resolved", true, "plain"],
    ["no_data", "firing", true, "meta"],
    ["paused", "resolved", false, "meta"],
  ])("state %s", (state, status, isRecovery, nature) => {
    expect(normalise({ ...body, state }).alerts[0]).toMatchObject({ status, isRecovery, nature, orgId: "3" });
  });

  test.each([{ state: "odd" }, { ruleId: undefined }, { ruleId: "9" }, { ruleId: 1.5 }])(
    "refuses %j",
    (change) => {
      expect(refusal({ ...body, ...change }).message).toMatch(/^\/(state|ruleId): /);
    },
  );

  test("keeps rule ids apart that a number cannot", () => {
    const identity = (ruleId: string, tags = "{}") =>
      normalise(`{"ruleName":"a","state":"ok","ruleId":${ruleId},"tags":${tags}}`).alerts[0]?.fingerprint;
    expect(identity("9007199254740993")).not.toBe(identity("9007199254740992"));
    expect(identity("5", '{"ruleId":"6"}')).toBe(identity("5"));
  });
});

describe("any JSON at all", () => {
  const mapping = compileMapping({ alerts: "body.alerts", status: "item.status", labels: "item.labels" });
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom("firing", "resolved", "4", "1"),
  );
  const key = fc.oneof(
    fc.constantFrom("alerts", "status", "labels", "annotations", "startsAt", "endsAt", "values", "version"),
    fc.constantFrom(
      "ruleName",
      "state",
      "ruleId",
      "orgId",
      "__proto__",
      "constructor",
      "toString",
      "specversion",
    ),
    text,
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("json"), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie("json")), { maxLength: 6 }).map((members) => new Members(members)),
    ),
  }));

  test.each(SOURCE_KINDS)("becomes a delivery or a DeliveryError (%s)", (kind) => {
    const source = { kind, mapping: kind === "generic" ? mapping : null };
    fc.assert(
      fc.property(json, (value) => {
        const body = { bytes: Buffer.from(write(value)), contentType: "application/json" };
        for (const alert of alertsOrNone(source, body)) {
          expect(alert.fingerprint).toMatch(/^[0-9a-f]{16}$/);
          expect(Number.isFinite(alert.startsAtMs)).toBe(true);
          for (const text of [...alert.labels].flat())
            expect(text.isWellFormed() && !text.includes("\0")).toBe(true);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

/** Anything but a DeliveryError goes on, and fails the test. */
function alertsOrNone(source: DeliverySource, body: DeliveryBody): readonly Alert[] {
  try {
    return normaliseDelivery(source, body, NOW_MS, DEFAULT_DELIVERY_LIMITS).alerts;
  } catch (error) {
    if (error instanceof DeliveryError) return [];
    throw error;
  }
}

/** Members of an object as they are to be written, with `__proto__` and doubled names among them. */
class Members {
  readonly list: readonly (readonly [string, unknown])[];
  constructor(list: readonly (readonly [string, unknown])[]) {
    this.list = list;
  }
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (value instanceof Members)
    return `{${value.list.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join()}}`;
  return JSON.stringify(value) ?? "null";
}
