// How inputs are told to forms and programs: one table for both.
import { describe, expect, test } from "vitest";
import { inputShape, inputsJsonSchema } from "../../src/runbooks/input-shapes.ts";
import type { Input } from "../../src/runbooks/inputs.ts";
import { runbookOf } from "./runbook-text.ts";

function inputOf(text: string): Input {
  const input = runbookOf("- {wait: 1s}", `{before: {type: boolean, default: true}, x: ${text}}`).inputs.get(
    "x",
  );
  if (input === undefined) throw new Error("there is no input x");
  return input;
}

/** Of inputs whose options come from a file, as the catalog fills them. */
const ROWS = [
  { value: "db-1", label: "Orders", row: { name: "db-1", title: "Orders", region: "eu" } },
  { value: "db-2", label: "Users", row: { name: "db-2", title: "Users", region: "us" } },
];

const CASES: readonly [string, Record<string, unknown>, Record<string, unknown>][] = [
  [
    "{type: string, pattern: '[a-z]+'}",
    { type: "string", minLength: 1, maxLength: 1024, pattern: "^(?:[a-z]+)$" },
    { type: "string", pattern: "[a-z]+", min_length: 1, max_length: 1024, multiline: false },
  ],
  // Only RE2 knows this one.
  [
    "{type: string, pattern: '(?i)abc'}",
    { type: "string", minLength: 1, maxLength: 1024 },
    { type: "string", pattern: "(?i)abc", min_length: 1, max_length: 1024, multiline: false },
  ],
  ["{type: integer, min: 1}", { type: "integer", minimum: 1 }, { type: "integer", min: 1 }],
  [
    "{type: number, max: 2.5, default: 1.5}",
    { type: "number", maximum: 2.5, default: 1.5 },
    { type: "number", max: 2.5, default: 1.5 },
  ],
  ["{type: boolean}", { type: "boolean" }, { type: "boolean" }],
  [
    "{type: choice, options: [a, b]}",
    { type: "string", enum: ["a", "b"] },
    {
      type: "choice",
      options: [
        { value: "a", label: "a" },
        { value: "b", label: "b" },
      ],
    },
  ],
  [
    "{type: multi_choice, options: [a, b], max_count: 2}",
    {
      type: "array",
      minItems: 1,
      maxItems: 2,
      uniqueItems: true,
      items: { type: "string", enum: ["a", "b"] },
    },
    { type: "multi_choice", min_count: 1, max_count: 2 },
  ],
  [
    "{type: host, in: 'role = \"web\"'}",
    { type: "string", minLength: 1 },
    { type: "host", in: 'role = "web"' },
  ],
  [
    "{type: hosts, max_count: 5}",
    { type: "array", minItems: 1, maxItems: 5, uniqueItems: true, items: { type: "string", minLength: 1 } },
    { type: "hosts", min_count: 1, max_count: 5 },
  ],
  ["{type: date, min: 2026-01-01}", { type: "string", format: "date" }, { type: "date", min: "2026-01-01" }],
  ["{type: datetime}", { type: "string", format: "date-time" }, { type: "datetime" }],
  [
    "{type: secret}",
    { type: "string", format: "password", writeOnly: true, minLength: 1, maxLength: 4096 },
    { type: "secret", min_length: 1, max_length: 4096, multiline: false },
  ],
];

test.each(CASES)("%s", (text, schema, shape) => {
  const input = inputOf(text);
  const { properties } = inputsJsonSchema(new Map([["x", input]])) as { properties: { x: object } };
  expect(properties.x).toEqual(schema);
  expect(inputShape(input)).toMatchObject({ name: "x", required: true, show_if: null, ...shape });
  expect(JSON.parse(JSON.stringify(inputShape(input)))).toEqual(inputShape(input));
});

describe("duration", () => {
  const { properties } = inputsJsonSchema(new Map([["x", inputOf("{type: duration, max: 1h}")]])) as {
    properties: { x: { pattern: string } };
  };
  const pattern = new RegExp(properties.x.pattern, "u");

  test.each(["90s", "1h30m", "5m", "0", "250ms"])("%s fits the pattern", (text) => {
    expect(pattern.test(text)).toBe(true);
  });
  test.each(["", "90", "1.5h", "m", "5m 3s", "30m1h"])("%j does not", (text) => {
    expect(pattern.test(text)).toBe(false);
  });
  test("limits are shown as people write them", () => {
    expect(inputShape(inputOf("{type: duration, max: 1h30m}"))).toMatchObject({ max: "1h30m" });
  });
});

test("a file is an object of name and content, no longer than the largest file in base64", () => {
  const input = inputOf("{type: file, max_size: 3KiB}");
  const { properties } = inputsJsonSchema(new Map([["x", input]])) as { properties: { x: object } };
  expect(properties.x).toMatchObject({
    type: "object",
    properties: { base64: { contentEncoding: "base64", maxLength: 4096 } },
    required: ["name", "base64"],
    additionalProperties: false,
  });
  expect(inputShape(input)).toMatchObject({ max_size: 3072 });
});

test("texts for people, and what is asked for only sometimes", () => {
  const input = inputOf(
    "{type: string, title: Why, help: For the log., placeholder: 'INC-1', required: false, show_if: inputs.before}",
  );
  const schema = inputsJsonSchema(new Map([["x", input]]));
  expect(schema).toMatchObject({
    properties: { x: { title: "Why", description: "For the log.\n\nOnly where inputs.before" } },
    required: [],
  });
  expect(inputShape(input)).toMatchObject({
    title: "Why",
    help: "For the log.",
    placeholder: "INC-1",
    required: false,
    default: null,
    show_if: "inputs.before",
  });
});

test("options of a file are shown with their labels; the other columns stay with the server", () => {
  const input = {
    ...inputOf("{type: choice, options_from: {file: a.csv, value: name, label: title}}"),
    rows: ROWS,
  };
  const { properties } = inputsJsonSchema(new Map([["x", input]])) as { properties: { x: object } };
  expect(properties.x).toEqual({ type: "string", enum: ["db-1", "db-2"] });
  expect(inputShape(input)["options"]).toEqual([
    { value: "db-1", label: "Orders" },
    { value: "db-2", label: "Users" },
  ]);
});
