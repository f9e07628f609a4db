import { z } from "zod";
import { COMMON_KEYS } from "./common-keys.ts";
import { accepted, type Bound, type InputKind, known, refused, type Wrong } from "./kind.ts";

const integerSchema = z.strictObject({
  type: z.literal("integer"),
  ...COMMON_KEYS,
  default: z.int().optional(),
  min: z.int().optional(),
  max: z.int().optional(),
});
export type IntegerSpec = z.output<typeof integerSchema>;

const numberSchema = z.strictObject({
  type: z.literal("number"),
  ...COMMON_KEYS,
  default: z.number().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
});
export type NumberSpec = z.output<typeof numberSchema>;

interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** Text is taken for a number only in the spelling that JSON has for it: labels are text, and `0x10` or `1_000` are guesses. */
const INTEGER = /^(0|-?[1-9]\d{0,15})$/;
const NUMBER = /^-?(0|[1-9]\d{0,24})(\.\d{1,25})?([eE][+-]?\d{1,3})?$/;

export const integerKind = {
  schema: integerSchema,
  problem: rangeProblem,
  bind(spec, given) {
    const value = typeof given === "string" && INTEGER.test(given) ? Number(given) : given;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || Object.is(value, -0))
      return refused("wrong-type", "a whole number is needed, such as 8080");
    return inRange(spec, value);
  },
  valueType: () => "int",
  textParts: () => [],
  jsonSchema: (spec) => ({ type: "integer", ...rangeSchema(spec) }),
  shape: ({ min, max }) => known({ min, max }),
} satisfies InputKind<IntegerSpec>;

export const numberKind = {
  schema: numberSchema,
  problem: rangeProblem,
  bind(spec, given) {
    const value = typeof given === "string" && NUMBER.test(given) ? Number(given) : given;
    if (typeof value !== "number" || !Number.isFinite(value))
      return refused("wrong-type", "a number is needed, such as 2.5");
    // JSON has one zero.
    return inRange(spec, value === 0 ? 0 : value);
  },
  valueType: () => "double",
  textParts: () => [],
  jsonSchema: (spec) => ({ type: "number", ...rangeSchema(spec) }),
  shape: ({ min, max }) => known({ min, max }),
} satisfies InputKind<NumberSpec>;

function rangeProblem({ min, max }: Range): Wrong | undefined {
  if (min === undefined || max === undefined || min <= max) return undefined;
  return { key: "max", message: "max is less than min" };
}

function inRange({ min, max }: Range, value: number): Bound {
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return accepted(value);
  const range = [min === undefined ? "" : `at least ${min}`, max === undefined ? "" : `at most ${max}`];
  return refused("out-of-range", `the number must be ${range.filter(Boolean).join(" and ")}`);
}

function rangeSchema({ min, max }: Range): Record<string, unknown> {
  return known({ minimum: min, maximum: max });
}
