// What a value from outside must look like to enter a run.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inputsJsonSchema } from "../../src/runbooks/input-shapes.ts";
import { bindInputs } from "../../src/runbooks/inputs.ts";
import { inventoryOf } from "../hosts/hosts-file.ts";
import { runbookOf } from "./runbook-text.ts";

const inventory = inventoryOf(`
hosts:
  - {name: web-1, address: 10.0.0.1, aliases: [web-1.example.net], labels: {role: web}}
  - {name: db-1, address: 10.0.0.5, labels: {role: db}}
  - {name: nat-1, address: 10.0.0.9, port: 2201}
  - {name: nat-2, address: 10.0.0.9, port: 2202}
`);

/** The bound value of an input `x`, or the code of its error. */
function bind(input: string, value: unknown): unknown {
  const bound = bindInputs(runbookOf("- {wait: 1s}", `{x: ${input}}`), { x: value }, inventory);
  if (bound.ok) return bound.values["x"];
  expect(bound.errors).toHaveLength(1);
  expect(bound.errors[0]?.pointer).toBe("/x");
  return bound.errors[0]?.code;
}

describe("string", () => {
  test.each([
    ["{type: string}", "nginx", "nginx"],
    ["{type: string}", "Grüße, Welt 🌍", "Grüße, Welt 🌍"],
    ["{type: string}", "$(touch canary); `id` | x && y > z", "$(touch canary); `id` | x && y > z"],
    ["{type: string}", "", "too-short"],
    ["{type: string, min_length: 0}", "", ""],
    ["{type: string, max_length: 3}", "abcd", "too-long"],
    ["{type: string, min_length: 3}", "ab", "too-short"],
    ["{type: string}", "a\nb", "control-character"],
    ["{type: string}", "a\u0000b", "control-character"],
    ["{type: string}", "a\u001b[31mb", "control-character"],
    ["{type: string}", "a\u0085b", "control-character"],
    ["{type: string}", "a\u2028b", "control-character"],
    ["{type: string}", "abc\u202egnp.exe", "control-character"],
    ["{type: string}", "a\ud800b", "control-character"],
    ["{type: string, multiline: true}", "a\n\tb", "a\n\tb"],
    ["{type: string, multiline: true}", "a\r\nb", "control-character"],
    ["{type: string}", "-rf", "leading-dash"],
    ["{type: string}", "--help", "leading-dash"],
    ["{type: string, allow_leading_dash: true}", "-5", "-5"],
    ["{type: string, pattern: '[a-z]+'}", "abc", "abc"],
    ["{type: string, pattern: '[a-z]+'}", "abc1", "pattern"],
    ["{type: string, pattern: 'a|b'}", "ac", "pattern"],
    ["{type: string}", 5, "wrong-type"],
    ["{type: string}", true, "wrong-type"],
    ["{type: string}", ["a"], "wrong-type"],
    ["{type: string}", { a: 1 }, "wrong-type"],
  ])("%s takes %j as %j", (input, value, expected) => {
    expect(bind(input, value)).toBe(expected);
  });

  test("a pattern that explodes in other engines is judged in linear time", () => {
    const startMs = performance.now();
    expect(bind("{type: string, pattern: '(a+)+b', max_length: 16384}", "a".repeat(16_000))).toBe("pattern");
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});

describe("integer", () => {
  test.each([
    [8080, 8080],
    ["8080", 8080],
    ["0", 0],
    ["-5", -5],
    ["007", "wrong-type"],
    ["+5", "wrong-type"],
    ["-0", "wrong-type"],
    ["1e3", "wrong-type"],
    ["0x10", "wrong-type"],
    ["5.0", "wrong-type"],
    [" 5", "wrong-type"],
    ["5\n", "wrong-type"],
    ["٥", "wrong-type"],
    ["", "wrong-type"],
    [5.5, "wrong-type"],
    [Number.NaN, "wrong-type"],
    [2 ** 53, "wrong-type"],
    ["9007199254740993", "wrong-type"],
    [true, "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: integer}", value)).toBe(expected);
  });

  test.each([
    [0, "out-of-range"],
    [1, 1],
    ["10", 10],
    ["11", "out-of-range"],
  ])("between 1 and 10 takes %j as %j", (value, expected) => {
    expect(bind("{type: integer, min: 1, max: 10}", value)).toBe(expected);
  });

  test("takes exactly the texts that it would write itself", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger().map(String), fc.string()), (text) => {
        const bound = bind("{type: integer}", text);
        const isCanonical = Number.isSafeInteger(Number(text)) && String(Number(text)) === text;
        expect(bound).toBe(isCanonical ? Number(text) : "wrong-type");
      }),
    );
  });
});

describe("boolean", () => {
  test.each([
    [true, true],
    ["true", true],
    ["false", false],
    ["True", "wrong-type"],
    ["yes", "wrong-type"],
    ["1", "wrong-type"],
    [1, "wrong-type"],
    ["", "wrong-type"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: boolean}", value)).toBe(expected);
  });
});

describe("choice", () => {
  test.each([
    ["web", "web"],
    ["Web", "not-an-option"],
    ["toString", "not-an-option"],
    ["", "not-an-option"],
    [0, "not-an-option"],
  ])("takes %j as %j", (value, expected) => {
    expect(bind("{type: choice, options: [web, api]}", value)).toBe(expected);
  });
});

describe("host", () => {
  test.each([
    ["{type: host}", "web-1", "web-1"],
    ["{type: host}", "web-1:9100", "web-1"],
    ["{type: host}", "web-1.example.net:443", "web-1"],
    ["{type: host}", "10.0.0.5:9100", "db-1"],
    ["{type: host}", "169.254.169.254", "unknown-host"],
    ["{type: host}", "web-1.evil.example", "unknown-host"],
    ["{type: host}", "-oProxyCommand=touch canary", "unknown-host"],
    ["{type: host}", "root@web-1", "unknown-host"],
    ["{type: host}", "10.0.0.9", "ambiguous-host"],
    ["{type: host}", "", "wrong-type"],
    ["{type: host}", { name: "web-1", address: "6.6.6.6" }, "wrong-type"],
    ["{type: host, in: 'role = \"web\"'}", "web-1", "web-1"],
    ["{type: host, in: 'role = \"web\"'}", "db-1", "host-not-allowed"],
    ["{type: host, in: 'role != \"db\"'}", "local", "local"],
  ])("%s takes %j as %j", (input, value, expected) => {
    expect(bind(input, value)).toBe(expected);
  });
});

describe("all inputs together", () => {
  const runbook = runbookOf(
    "- {wait: 1s}",
    "{host: {type: host}, port: {type: integer, default: 80}, note: {type: string, required: false}, constructor: {type: string, required: false}}",
  );

  test("a default stands in for what is not given, null counts as not given", () => {
    const bound = bindInputs(runbook, { host: "web-1", port: null }, inventory);
    expect(bound).toMatchObject({ ok: true, values: { host: "web-1", port: 80 } });
    expect(bound.ok && bound.hosts.get("host")?.map((host) => host.address)).toEqual(["10.0.0.1"]);
    expect(bound.ok && Object.keys(bound.values)).toEqual(["host", "port"]);
  });

  test("everything wrong is said at once", () => {
    const bound = bindInputs(runbook, { port: "x", "a/b~c": 1 }, inventory);
    expect(bound.ok ? [] : bound.errors.map(({ pointer, code }) => [pointer, code])).toEqual([
      ["/a~1b~0c", "unknown-input"],
      ["/host", "required"],
      ["/port", "wrong-type"],
    ]);
  });

  test("names of Object.prototype are no values", () => {
    const raw = JSON.parse('{"host": "web-1", "__proto__": {"note": "x"}}') as Record<string, unknown>;
    const bound = bindInputs(runbook, raw, inventory);
    expect(bound.ok ? [] : bound.errors.map(({ pointer }) => pointer)).toEqual(["/__proto__"]);
  });

  test("have a JSON Schema from the same table", () => {
    const text =
      "{host: {type: host, title: Which}, size: {type: integer, min: 1, default: 5}, zone: {type: string, pattern: 'a|b'}, kind: {type: choice, options: [a, b], help: Pick}, deep: {type: boolean}}";
    expect(inputsJsonSchema(runbookOf("- {wait: 1s}", text).inputs)).toEqual({
      type: "object",
      properties: {
        host: { type: "string", minLength: 1, title: "Which" },
        size: { type: "integer", minimum: 1, default: 5 },
        zone: { type: "string", minLength: 1, maxLength: 1024, pattern: "^(?:a|b)$" },
        kind: { type: "string", enum: ["a", "b"], description: "Pick" },
        deep: { type: "boolean" },
      },
      required: ["host", "zone", "kind", "deep"],
      additionalProperties: false,
    });
  });
});
