import { z } from "zod";
import type { ObjectType } from "../../expressions/expression.ts";
import { textSchema } from "../../platform/schemas.ts";
import { COMMON_KEYS } from "./common-keys.ts";
import {
  accepted,
  type BindContext,
  type Bound,
  type InputKind,
  known,
  type Option,
  refused,
  type Refusal,
  type Wrong,
} from "./kind.ts";
import { COUNT_KEYS, countProblem, countRefusal, countsSchema, ITEMS_MAX, textsOf } from "./lists.ts";

/** More are counted, not listed, in a message. */
const LISTED_MAX = 20;

const columnSchema = textSchema.min(1).max(200);

const OPTION_KEYS = {
  options: z.array(textSchema.min(1)).min(1, "a choice needs options").optional(),
  options_from: z
    .strictObject({
      file: textSchema
        .min(1)
        .meta({ description: "A list of rows in YAML, JSON or CSV; relative to the runbook's file" }),
      value: columnSchema.meta({ description: "The column of the value" }),
      label: columnSchema.optional().meta({ description: "The column that people read" }),
    })
    .optional(),
};

const choiceSchema = z.strictObject({
  type: z.literal("choice"),
  ...COMMON_KEYS,
  default: textSchema.optional(),
  ...OPTION_KEYS,
});
export type ChoiceSpec = z.output<typeof choiceSchema>;

const multiChoiceSchema = z.strictObject({
  type: z.literal("multi_choice"),
  ...COMMON_KEYS,
  default: z.array(textSchema).optional(),
  ...OPTION_KEYS,
  ...COUNT_KEYS,
});
export type MultiChoiceSpec = z.output<typeof multiChoiceSchema>;

type Options = Pick<ChoiceSpec, "options" | "options_from">;

/** A chosen row of a file. */
const CHOSEN: ObjectType = { fields: { value: "string", label: "string", row: "dyn" } };

export const choiceKind = {
  schema: choiceSchema,
  problem: optionsProblem,
  bind(spec, given, context) {
    const options = optionsOf(spec, context);
    const position = typeof given === "string" ? options.indexOf(given) : -1;
    const value = options[position];
    if (value === undefined) return refused("not-an-option", notAnOption(options));
    return accepted(value, rowsAt(context, [position]));
  },
  valueType: (spec) => (spec.options_from === undefined ? "string" : CHOSEN),
  textParts: (spec) => (spec.options_from === undefined ? [] : ["value", "label"]),
  jsonSchema: (spec, rows) => ({ type: "string", ...optionsSchema(spec, rows) }),
  shape: optionsShape,
} satisfies InputKind<ChoiceSpec>;

/** A set: the value is in the order of the options, each once, however it was given. */
export const multiChoiceKind = {
  schema: multiChoiceSchema,
  problem: (spec) => optionsProblem(spec) ?? countProblem(spec),
  bind: bindMultiChoice,
  valueType: (spec) => (spec.options_from === undefined ? "list<string>" : { items: CHOSEN }),
  textParts: () => [],
  jsonSchema: (spec, rows) => ({
    ...countsSchema(spec),
    items: { type: "string", ...optionsSchema(spec, rows) },
  }),
  shape: (spec, rows) => ({
    ...optionsShape(spec, rows),
    min_count: spec.min_count,
    max_count: spec.max_count,
  }),
} satisfies InputKind<MultiChoiceSpec>;

function bindMultiChoice(spec: MultiChoiceSpec, given: unknown, context: BindContext): Bound {
  const texts = textsOf(given);
  if (texts === undefined)
    return refused("wrong-type", `a list of at most ${ITEMS_MAX} texts is needed, such as ["web"]`);
  const options = optionsOf(spec, context);
  const refusals = texts.flatMap((text, index): Refusal[] =>
    options.includes(text) ? [] : [{ code: "not-an-option", message: notAnOption(options), index }],
  );
  if (refusals.length > 0) return { ok: false, refusals };
  const positions = [...options.keys()].filter((position) => texts.includes(options[position] ?? ""));
  const refusal = countRefusal(spec, positions.length, "options");
  if (refusal !== undefined) return refusal;
  return accepted(
    positions.map((position) => options[position] ?? ""),
    rowsAt(context, positions),
  );
}

function optionsOf(spec: Options, { rows }: BindContext): readonly string[] {
  return spec.options ?? rows?.map((row) => row.value) ?? [];
}

function rowsAt({ rows }: BindContext, positions: readonly number[]): { rows?: readonly Option[] } {
  return rows === null ? {} : { rows: positions.flatMap((position) => rows[position] ?? []) };
}

function notAnOption(options: readonly string[]): string {
  const listed = options.slice(0, LISTED_MAX).join(", ");
  const more = options.length > LISTED_MAX ? `, and ${options.length - LISTED_MAX} more` : "";
  return options.length === 0
    ? "there is no option to choose from"
    : `the value must be one of: ${listed}${more}`;
}

function optionsProblem(spec: Options): Wrong | undefined {
  const { options, options_from: from } = spec;
  if (options === undefined && from === undefined)
    return { key: "type", message: "a choice needs options: [...], or options_from: {file, value}" };
  if (options !== undefined && from !== undefined)
    return { key: "options_from", message: "options and options_from exclude each other; remove one" };
  if (options !== undefined && new Set(options).size < options.length)
    return { key: "options", message: "an option stands there twice" };
  return undefined;
}

function optionsSchema({ options }: Options, rows: readonly Option[] | null): Record<string, unknown> {
  return known({ enum: options ?? rows?.map((row) => row.value) });
}

function optionsShape(
  { options, options_from: from }: Options,
  rows: readonly Option[] | null,
): Record<string, unknown> {
  const listed = options?.map((value) => ({ value, label: value }));
  return {
    options: listed ?? rows?.map(({ value, label }) => ({ value, label })) ?? [],
    options_from: from?.file ?? null,
  };
}
