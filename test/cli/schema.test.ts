import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { jsonSchemaOf, SCHEMA_KINDS, type SchemaKind, schemaCommand } from "../../src/cli/schema.ts";

const root = join(import.meta.dirname, "../..");
const shipped: readonly [SchemaKind, string][] = [
  ["settings", "nightshift.yml"],
  ["hosts", "hosts.yml"],
  ...readdirSync(join(root, "rules"))
    .filter((name) => name.endsWith(".yml"))
    .map((name): [SchemaKind, string] => [name.endsWith(".test.yml") ? "test" : "rules", `rules/${name}`]),
  ...readdirSync(join(root, "runbooks")).map((name): [SchemaKind, string] => ["runbook", `runbooks/${name}`]),
];

describe.each(SCHEMA_KINDS)("the JSON Schema of %s", (kind) => {
  test("is the one in docs/schemas, which editors read; `nightshift schema KIND` writes it", () => {
    let written = "";
    expect(
      schemaCommand(kind, { stdout: { write: (text) => (written += text) }, stderr: { write: () => {} } }),
    ).toBe(0);
    expect(written).toBe(readFileSync(join(root, `docs/schemas/${kind}.json`), "utf8"));
  });

  test("is draft-07 and refuses unknown keys", () => {
    expect(jsonSchemaOf(kind)).toMatchObject({
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      additionalProperties: false,
    });
  });
});

describe("the shipped files", () => {
  test.each(shipped)("as %s, %s fits its schema and says where an editor finds it", (kind, file) => {
    const text = readFileSync(join(root, file), "utf8");
    const up = file.includes("/") ? "../" : "";
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${up}docs/schemas/${kind}.json`);
    const schema = z.fromJSONSchema(jsonSchemaOf(kind));
    expect(schema.safeParse(parse(text)).error).toBeUndefined();
  });

  test("a step needs exactly one verb, and durations stay text", () => {
    const schema = z.fromJSONSchema(jsonSchemaOf("runbook"));
    const runbook = (step: unknown) => schema.safeParse({ name: "a", steps: [step] }).success;
    expect(runbook({ wait: "5m", timeout: "1h" })).toBe(true);
    expect(runbook({ wait: 300 })).toBe(false);
    expect(runbook({ timeout: "1h" })).toBe(false);
    expect(runbook({ wait: "5m", command: ["a"] })).toBe(false);
  });

  test("a rule's keys are known to an editor, and wrong ones are marked", () => {
    const schema = z.fromJSONSchema(jsonSchemaOf("rules"));
    const fits = (more: Readonly<Record<string, unknown>>) =>
      schema.safeParse({ rules: [{ name: "a", mode: "approve", ...more }] }).success;
    const guards = { rate_limit: { max: 3, per: "1h" }, budget: { hosts: "a=b", max: "20%", within: "1h" } };
    expect(
      fits({
        guards,
        on_resolve: { run: "b" },
        ladder: [{ runbook: "b" }, { notify: { to: "c", text: "d" } }],
      }),
    ).toBe(true);
    expect(fits({ on_resolve: "let_finish", batch: { wait: "1m" }, silence: { for: "5m" } })).toBe(true);
    expect(fits({ on_resolve: "never" })).toBe(false);
    expect(fits({ guards: { budget: { hosts: "a=b", max: "20 percent", within: "1h" } } })).toBe(false);
    expect(fits({ guards: { rate_limit: { max: 0, per: "1h" } } })).toBe(false);
    expect(fits({ ladder: [{ runbok: "b" }] })).toBe(false);
  });
});
