import { z } from "zod";
import { durationSchema, nameSchema, textSchema, wordSchema } from "../../platform/schemas.ts";

/** What stands for `$name` in the query; always bound as a quoted literal. */
export type QueryVariable =
  | { readonly kind: "text"; readonly value: string }
  /** The value with its special characters escaped, then a regular expression of the runbook's author. */
  | { readonly kind: "regex_of"; readonly value: string; readonly then: string };

/** A query. Times in milliseconds. */
export interface PrometheusSpec {
  readonly query: string;
  readonly vars: Readonly<Record<string, QueryVariable>>;
  /** How far back a range query goes; null for an instant query. */
  readonly rangeMs: number | null;
  /** How long before the run's first change a range query begins at the latest; null when that does not matter. */
  readonly compareBeforeMs: number | null;
  /** Between two points of a range query; null to choose by the range. */
  readonly resolutionMs: number | null;
  /** The name of the saved files; null for the step's id. */
  readonly saveAs: string | null;
  readonly unit: Unit | null;
}

/** What a query's values are; how they are written in a chart. `ratio` is 1 for the whole, `percent` 100. */
export const UNITS = ["seconds", "bytes", "bytes_per_second", "per_second", "percent", "ratio"] as const;
export type Unit = (typeof UNITS)[number];

// oxlint-disable-next-line unicorn/no-thenable -- the word of the language; its value is text and never a function
const regexSchema = z.strictObject({ regex_of: textSchema, then: textSchema.default("") });

const variableSchema = z.union([
  textSchema.transform((value): QueryVariable => ({ kind: "text", value })),
  regexSchema.transform(
    ({ regex_of: value, ...rest }): QueryVariable => ({ kind: "regex_of", value, ...rest }),
  ),
]);

/** What stands for each `$name` of a query. */
export const variablesSchema = z.record(z.string(), variableSchema).default({});

export const prometheusSchema = z
  .strictObject({
    query: textSchema.min(1).meta({ description: "PromQL; values come by vars, as $name" }),
    vars: variablesSchema,
    range: durationSchema.optional().meta({ description: "How far back; without it the query is instant" }),
    instant: z.literal(true).optional(),
    compare_before: durationSchema.optional().meta({
      description:
        "A range query begins at least this long before the run's first change, to show both sides of it",
    }),
    step: durationSchema.optional().meta({ description: "Between two points of a range query" }),
    save_as: nameSchema.optional().meta({ description: "Names the files in the bundle's metrics/" }),
    unit: wordSchema(UNITS).optional().meta({ description: "What the values are, for the chart" }),
  })
  .refine((query) => !isRange(query) || query.instant === undefined, "a query is range or instant, not both")
  .refine((query) => query.range !== 0, "range is longer than 0")
  .refine((query) => query.compare_before !== 0, "compare_before is longer than 0")
  .refine((query) => query.step === undefined || isRange(query), "step needs a range")
  .refine((query) => query.step !== 0, "step is longer than 0")
  .transform(
    (query): PrometheusSpec => ({
      query: query.query,
      vars: query.vars,
      // With compare_before alone the range is what that asks for.
      rangeMs: query.range ?? query.compare_before ?? null,
      compareBeforeMs: query.compare_before ?? null,
      resolutionMs: query.step ?? null,
      saveAs: query.save_as ?? null,
      unit: query.unit ?? null,
    }),
  );

function isRange(query: { readonly range?: unknown; readonly compare_before?: unknown }): boolean {
  return query.range !== undefined || query.compare_before !== undefined;
}

export interface QueryUse {
  readonly name: string;
  /** Where its `$` stands in the query. */
  readonly offset: number;
  /** It stands in a string, where nothing replaces it. */
  readonly isInString: boolean;
}

/** Strings in PromQL's three quotes, comments, and variables. */
const TOKENS = /("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|#[^\n]*|\$([A-Za-z_]\w*)/g;

/** Every `$name` of a query. */
export function queryVariables(query: string): QueryUse[] {
  return [...query.matchAll(TOKENS)].flatMap(({ index, 1: string, 2: name }): QueryUse[] => {
    if (name !== undefined) return [{ name, offset: index, isInString: false }];
    return [...(string ?? "").matchAll(/\$\{?([A-Za-z_]\w*)/g)].map((inner) => ({
      name: inner[1] ?? "",
      offset: index + inner.index,
      isInString: true,
    }));
  });
}
