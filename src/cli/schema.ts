import { z } from "zod";
import { hostsFileSchema } from "../hosts/schema.ts";
import { rulesFileSchema } from "../rules/schema.ts";
import { VERBS } from "../runbooks/runbook.ts";
import { runbookSchema, stepSchema } from "../runbooks/schema.ts";
import { schedulesFileSchema } from "../schedules/schema.ts";
import { settingsSchema } from "../settings/schema.ts";
import { testFileSchema } from "../simulation/test-schema.ts";
import type { CommandOutput } from "./output.ts";

/** The file kinds that have a JSON Schema. */
export const SCHEMA_KINDS = ["rules", "runbook", "settings", "hosts", "test", "schedules"] as const;
export type SchemaKind = (typeof SCHEMA_KINDS)[number];

const SCHEMAS = {
  rules: { schema: rulesFileSchema, title: "Nightshift rules" },
  runbook: { schema: runbookSchema, title: "Nightshift runbook" },
  settings: { schema: settingsSchema, title: "Nightshift settings" },
  hosts: { schema: hostsFileSchema, title: "Nightshift inventory" },
  schedules: { schema: schedulesFileSchema, title: "Nightshift schedules" },
  test: { schema: testFileSchema, title: "Nightshift tests of rules and runbooks" },
} as const;

/** Prints the JSON Schema (draft-07) of a file kind, for editors. */
export function schemaCommand(kind: SchemaKind, output: CommandOutput): number {
  output.stdout.write(`${JSON.stringify(jsonSchemaOf(kind), null, 2)}\n`);
  return 0;
}

/** What an editor can check: the shape as written, before durations and sizes become numbers. */
export function jsonSchemaOf(kind: SchemaKind): Record<string, unknown> {
  const { schema, title } = SCHEMAS[kind];
  const json = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      // Editors compile patterns without the u flag, where \p{Cc} means something else.
      if (jsonSchema.pattern?.includes("\\p{") === true) delete jsonSchema.pattern;
      if (zodSchema === stepSchema)
        jsonSchema.oneOf = VERBS.map((verb) => ({
          type: "object",
          properties: { [verb]: {} },
          required: [verb],
        }));
    },
  });
  return { ...json, title };
}
