import { z } from "zod";
import { distinctSchema, textSchema } from "../platform/schemas.ts";
import { type PrometheusSpec, variablesSchema } from "./verbs/prometheus.ts";

type Query = Pick<PrometheusSpec, "query" | "vars">;

const querySchema = z.union(
  [
    textSchema.min(1).transform((query): Query => ({ query, vars: {} })),
    z.strictObject({
      query: textSchema.min(1).meta({ description: "PromQL; values come by vars, as $name" }),
      vars: variablesSchema,
    }),
  ],
  { error: "write a query, or {query: ..., vars: {...}}" },
);

/** One entry of `asserts` as operators write it. */
export const assertSchema = z.strictObject({
  name: textSchema.min(1).max(200),
  prometheus: querySchema.optional().meta({ description: "What to ask; without it expect sees only inputs" }),
  expect: textSchema
    .min(1)
    .meta({ description: "CEL expression over `inputs`, and the query's answer as `value`" }),
  before: distinctSchema(textSchema.min(1))
    .default([])
    .meta({ description: "Ids of steps; without it every step that changes something" }),
  message: textSchema.min(1).max(500).meta({ description: "What a person reads when it does not hold" }),
});

export type AssertEntry = z.output<typeof assertSchema>;
