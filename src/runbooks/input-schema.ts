import { z } from "zod";
import { textSchema } from "../platform/schemas.ts";

/** Texts from outside become arguments and environment variables; the kernel takes 128 KiB of each. */
export const STRING_CHARS_MAX = 16 * 1024;
export const INPUT_NAME = /^[a-z][a-z0-9_]{0,62}$/;

const all = {
  title: textSchema.min(1).optional(),
  help: textSchema.min(1).optional(),
  required: z.boolean().default(true),
};

const stringSchema = z.strictObject({
  type: z.literal("string"),
  ...all,
  default: textSchema.optional(),
  pattern: textSchema.min(1).optional().meta({ description: "RE2, on the whole value" }),
  min_length: z.int().min(0).max(STRING_CHARS_MAX).default(1),
  max_length: z.int().min(1).max(STRING_CHARS_MAX).default(1024),
  allow_leading_dash: z
    .boolean()
    .default(false)
    .meta({ description: "A value that begins with - could be taken for an option" }),
  multiline: z.boolean().default(false),
});

const integerSchema = z.strictObject({
  type: z.literal("integer"),
  ...all,
  default: z.int().optional(),
  min: z.int().optional(),
  max: z.int().optional(),
});

const booleanSchema = z.strictObject({
  type: z.literal("boolean"),
  ...all,
  default: z.boolean().optional(),
});

const choiceSchema = z.strictObject({
  type: z.literal("choice"),
  ...all,
  default: textSchema.optional(),
  options: z.array(textSchema.min(1)).min(1, "a choice needs options"),
});

const hostSchema = z.strictObject({
  type: z.literal("host"),
  ...all,
  default: textSchema.optional(),
  in: textSchema.optional().meta({ description: 'Label matchers over the inventory, such as role = "web"' }),
});

/** One entry of `inputs` as operators write it. */
export const inputSchema = z.discriminatedUnion("type", [
  stringSchema,
  integerSchema,
  booleanSchema,
  choiceSchema,
  hostSchema,
]);

export type InputEntry = z.output<typeof inputSchema>;

export const INPUT_TYPES = ["string", "integer", "boolean", "choice", "host"] as const;

/** Types of the full language that this version does not have. */
export const PLANNED_INPUT_TYPES: ReadonlySet<string> = new Set([
  "number",
  "multi_choice",
  "hosts",
  "duration",
  "date",
  "datetime",
  "secret",
  "file",
]);
