// What a value of each further type must look like to enter a run, and what its plan holds.
import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/platform/digest.ts";
import { bindInputs, type SealSecret } from "../../src/runbooks/inputs.ts";
import { inventoryOf } from "../hosts/hosts-file.ts";
import { runbookOf } from "./runbook-text.ts";

const inventory = inventoryOf(`
hosts:
  - {name: web-1, address: 10.0.0.1, aliases: [web-1.example.net], labels: {role: web}}
  - {name: web-2, address: 10.0.0.2, labels: {role: web}}
  - {name: db-1, address: 10.0.0.5, labels: {role: db}}
`);
const seal: SealSecret = (input, secret) => `sealed ${input} ${sha256(secret).slice(0, 8)}`;

/** The bound value of an input `x`, or the codes of its errors with their pointers below `/x`. */
function bind(input: string, value: unknown): unknown {
  const bound = bindInputs(runbookOf("- {wait: 1s}", `{x: ${input}}`), { x: value }, inventory, seal);
  if (bound.ok) return bound.values["x"];
  for (const error of bound.errors) expect(error.pointer).toMatch(/^\/x(\/\d+)?$/);
  return bound.errors.map(({ pointer, code }) => `${pointer.slice(3)} ${code}`.trim()).join("; ");
}

describe("number", () => {
  test.each([
    [2.5, 2.5],
    [-1e-7, -1e-7],
    ["2.5", 2.5],
    ["2.50", 2.5],
    ["1e3", 1000],
    ["-0", 0],
    [-0, 0],
    ["1e400", "wrong-type"],
    ["0x10", "wrong-type"],
    ["1_000", "wrong-type"],
    ["Infinity", "wrong-type"],
    ["NaN", "wrong-type"],
    [Number.NaN, "wrong-type"],
    [Number.POSITIVE_INFINITY, "wrong-type"],
    [".5", "wrong-type"],
    ["5.", "wrong-type"],
    [" 5", "wrong-type"],
    ["5\n", "wrong-type"],
    ["", "wrong-type"],
    [true, "wrong-type"],
    [[1], "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: number}", value)).toBe(expected);
  });

  test.each([
    [0.49, "out-of-range"],
    [0.5, 0.5],
    ["1.5", 1.5],
    [1.51, "out-of-range"],
  ])("between 0.5 and 1.5 takes %j as %j", (value, expected) => {
    expect(bind("{type: number, min: 0.5, max: 1.5}", value)).toBe(expected);
  });
});

describe("multi_choice", () => {
  const input = "{type: multi_choice, options: [web, api, db]}";
  test.each([
    [
      ["db", "web"],
      ["web", "db"],
    ],
    [["web", "web"], ["web"]],
    ["api", ["api"]],
    [[], "too-few"],
    [["web", "cache", "mail"], "1 not-an-option; 2 not-an-option"],
    ["web,api", "not-an-option"],
    [[1], "wrong-type"],
    [{ 0: "web" }, "wrong-type"],
    [Array.from({ length: 1_001 }, () => "web"), "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind(input, value)).toEqual(expected);
  });

  test("counts what is chosen, each once", () => {
    const two = "{type: multi_choice, options: [a, b, c], min_count: 2, max_count: 2}";
    expect(bind(two, ["a", "a"])).toBe("too-few");
    expect(bind(two, ["a", "b", "a"])).toEqual(["a", "b"]);
    expect(bind(two, ["a", "b", "c"])).toBe("too-many");
    expect(bind("{type: multi_choice, options: [a], min_count: 0}", [])).toEqual([]);
  });
});

describe("hosts", () => {
  test.each([
    ["{type: hosts}", ["web-2", "web-1"], ["web-2", "web-1"]],
    ["{type: hosts}", ["web-1:9100", "10.0.0.1", "web-1"], ["web-1"]],
    ["{type: hosts}", "web-1", ["web-1"]],
    ["{type: hosts}", [], "too-few"],
    ["{type: hosts}", "", "wrong-type"],
    ["{type: hosts}", ["web-1", "evil", "-oProxyCommand=x"], "1 unknown-host; 2 unknown-host"],
    ["{type: hosts, in: 'role = \"web\"'}", ["web-1", "db-1"], "1 host-not-allowed"],
    ["{type: hosts, max_count: 1}", ["web-1", "web-1:80"], ["web-1"]],
    ["{type: hosts, max_count: 1}", ["web-1", "web-2"], "too-many"],
    ["{type: hosts, min_count: 2}", ["web-1", "web-1.example.net"], "too-few"],
    ["{type: hosts}", { name: "web-1" }, "wrong-type"],
    ["{type: hosts}", [{ name: "web-1" }], "wrong-type"],
  ])("%s takes %j as %j", (input, value, expected) => {
    expect(bind(input, value)).toEqual(expected);
  });
});

describe("duration", () => {
  test.each([
    ["90s", 90_000],
    ["1m30s", 90_000],
    ["1h30m", 5_400_000],
    ["0", 0],
    ["90", "wrong-type"],
    [90, "wrong-type"],
    ["-5m", "wrong-type"],
    ["5M", "wrong-type"],
    ["1.5h", "wrong-type"],
    ["", "wrong-type"],
    ["5m\n", "wrong-type"],
    ["9".repeat(60), "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: duration}", value)).toBe(expected);
  });

  test.each([
    ["59s", "out-of-range"],
    ["60s", 60_000],
    ["1h", 3_600_000],
    ["61m", "out-of-range"],
  ])("between 1m and 1h takes %j as %j", (value, expected) => {
    expect(bind("{type: duration, min: 1m, max: 1h}", value)).toBe(expected);
  });
});

describe("date", () => {
  test.each([
    ["2026-11-23", "2026-11-23"],
    ["2028-02-29", "2028-02-29"],
    ["2026-02-29", "wrong-type"],
    ["2026-13-01", "wrong-type"],
    ["2026-1-1", "wrong-type"],
    ["23.11.2026", "wrong-type"],
    ["2026-11-23T00:00:00Z", "wrong-type"],
    ["+02026-11-23", "wrong-type"],
    [20261123, "wrong-type"],
    ["", "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: date}", value)).toBe(expected);
  });

  test("has limits", () => {
    const input = "{type: date, min: 2026-01-01, max: 2026-12-31}";
    expect(["2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"].map((day) => bind(input, day))).toEqual([
      "out-of-range",
      "2026-01-01",
      "2026-12-31",
      "out-of-range",
    ]);
  });
});

describe("datetime", () => {
  test.each([
    ["2026-11-23T07:00:00Z", "2026-11-23T07:00:00.000Z"],
    ["2026-11-23T08:00:00+01:00", "2026-11-23T07:00:00.000Z"],
    ["2026-11-23t07:00:00.000z", "2026-11-23T07:00:00.000Z"],
    ["2026-11-23 07:00:00Z", "2026-11-23T07:00:00.000Z"],
    ["2026-11-23T07:00:00.123456Z", "2026-11-23T07:00:00.123Z"],
    ["2026-11-23T07:00:00", "wrong-type"],
    ["2026-11-23", "wrong-type"],
    ["2026-02-30T07:00:00Z", "wrong-type"],
    ["2026-11-23T24:00:00Z", "wrong-type"],
    ["2026-11-23T07:60:00Z", "wrong-type"],
    ["2026-11-23T07:00:00+25:00", "wrong-type"],
    ["0000-01-01T00:00:00+23:59", "wrong-type"],
    ["9999-12-31T23:59:59-01:00", "wrong-type"],
    ["now", "wrong-type"],
    [1_764_000_000_000, "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: datetime}", value)).toBe(expected);
  });

  test("has limits, compared as times and not as texts", () => {
    const input = "{type: datetime, min: '2026-11-23T08:00:00+01:00'}";
    expect(bind(input, "2026-11-23T07:00:00Z")).toBe("2026-11-23T07:00:00.000Z");
    expect(bind(input, "2026-11-23T07:59:59+01:00")).toBe("out-of-range");
  });
});

describe("secret", () => {
  test("stands in the plan as a seal, and its text beside the plan", () => {
    const runbook = runbookOf("- {wait: 1s}", "{token: {type: secret}}");
    const bound = bindInputs(runbook, { token: "hunter2" }, inventory, seal);
    expect(bound.ok && bound.values).toEqual({ token: seal("token", "hunter2") });
    expect(bound.ok && Buffer.from(bound.contents.get("token") ?? []).toString()).toBe("hunter2");
  });

  test.each([
    ["{type: secret}", "", "too-short"],
    ["{type: secret, min_length: 12}", "hunter2", "too-short"],
    ["{type: secret}", "hunter2\n", "control-character"],
    ["{type: secret, pattern: '[0-9]+'}", "hunter2", "pattern"],
    ["{type: secret}", 42, "wrong-type"],
    ["{type: secret}", ["hunter2"], "wrong-type"],
    ["{type: secret}", "x".repeat(4_097), "too-long"],
  ])("%s refuses %j as %s without repeating it", (input, value, code) => {
    const bound = bindInputs(runbookOf("- {wait: 1s}", `{x: ${input}}`), { x: value }, inventory, seal);
    expect(bound.ok ? [] : bound.errors).toMatchObject([{ pointer: "/x", code }]);
    expect(JSON.stringify(bound)).not.toContain("hunter2");
  });

  test("may begin with a dash and have lines, where it is said: it is never an argument", () => {
    expect(bind("{type: secret}", "-hunter2")).toContain("sealed");
    expect(bind("{type: secret, multiline: true}", "-----BEGIN KEY-----\nabc\n")).toContain("sealed");
  });
});

describe("file", () => {
  const upload = (text: string, name = "web.pem") => ({
    name,
    base64: Buffer.from(text).toString("base64"),
  });

  test("stands in the plan as name, size and SHA-256, and its content beside the plan", () => {
    const runbook = runbookOf("- {wait: 1s}", "{cert: {type: file}}");
    const bound = bindInputs(runbook, { cert: upload("hello") }, inventory);
    expect(bound.ok && bound.values).toEqual({
      cert: { name: "web.pem", size: 5, sha256: sha256("hello") },
    });
    expect(bound.ok && Buffer.from(bound.contents.get("cert") ?? []).toString()).toBe("hello");
  });

  test.each([
    ["{type: file, max_size: 5B}", upload("hello"), { name: "web.pem", size: 5, sha256: sha256("hello") }],
    ["{type: file, max_size: 4B}", upload("hello"), "too-long"],
    ["{type: file}", upload("x".repeat(1024 * 1024 + 1)), "too-long"],
    ["{type: file}", upload(""), "too-short"],
    ["{type: file}", { name: "a", base64: "aGVsbG8" }, "wrong-type"],
    ["{type: file}", { name: "a", base64: "aGVs bG8=" }, "wrong-type"],
    ["{type: file}", { name: "a", base64: "-_-_" }, "wrong-type"],
    ["{type: file}", upload("hello", "../../etc/passwd"), "wrong-type"],
    ["{type: file}", upload("hello", "a\\b"), "wrong-type"],
    ["{type: file}", upload("hello", ".."), "wrong-type"],
    ["{type: file}", upload("hello", ""), "wrong-type"],
    ["{type: file}", upload("hello", "-rf"), "wrong-type"],
    ["{type: file}", upload("hello", "a\nb"), "wrong-type"],
    ["{type: file}", upload("hello", "n".repeat(300)), "wrong-type"],
    ["{type: file}", "web.pem", "wrong-type"],
    ["{type: file}", "@/etc/passwd", "wrong-type"],
    ["{type: file}", { ...upload("hello"), path: "/etc/passwd" }, "wrong-type"],
  ])("%s takes %j as %j", (input, value, expected) => {
    expect(bind(input, value)).toEqual(expected);
  });
});

describe("an input with show_if", () => {
  const runbook = runbookOf(
    "- {wait: 1s}",
    `{
      restart: {type: boolean, default: false},
      service: {type: choice, options: [web, api], required: false, show_if: inputs.restart},
      delay: {type: duration, default: 5m, show_if: inputs.restart && inputs.?service.orValue("") == "web"}
    }`.replaceAll("\n", " "),
  );
  const valuesOf = (raw: Record<string, unknown>) => {
    const bound = bindInputs(runbook, raw, inventory);
    return bound.ok ? bound.values : bound.errors.map(({ pointer, code }) => `${pointer} ${code}`);
  };

  test("takes its default or is absent while it is not shown", () => {
    expect(valuesOf({})).toEqual({ restart: false, delay: 300_000 });
    expect(valuesOf({ restart: true })).toEqual({ restart: true, delay: 300_000 });
  });

  test("is bound as any other while it is shown", () => {
    const given = { restart: true, service: "web", delay: "10m" };
    expect(valuesOf(given)).toEqual({ restart: true, service: "web", delay: 600_000 });
    expect(valuesOf({ restart: true, service: "db" })).toEqual(["/service not-an-option"]);
  });

  test("is refused while it is not shown, rather than dropped", () => {
    expect(valuesOf({ service: "web" })).toEqual(["/service not-shown"]);
    expect(valuesOf({ restart: true, service: "api", delay: "1m" })).toEqual(["/delay not-shown"]);
  });

  test("says nothing about itself while what it depends on is wrong", () => {
    expect(valuesOf({ restart: "perhaps", service: "web" })).toEqual(["/restart wrong-type"]);
  });

  test("whose condition cannot be judged is an error of its own", () => {
    const divided = runbookOf(
      "- {wait: 1s}",
      '{count: {type: integer}, note: {type: string, required: false, show_if: "10 / inputs.count > 1"}}',
    );
    const bound = bindInputs(divided, { count: 0 }, inventory);
    expect(bound.ok ? [] : bound.errors).toMatchObject([{ pointer: "/note", code: "show-if-failed" }]);
  });
});
