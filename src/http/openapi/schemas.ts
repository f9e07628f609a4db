import { z } from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas as JSON Schema 2020-12, by their keys, and those with a name of their own. */
export interface SchemaSet {
  readonly byKey: ReadonlyMap<string, JsonSchema>;
  readonly named: Readonly<Record<string, JsonSchema>>;
}

/**
 * Makes JSON Schemas of zod schemas, all at once. Whatever has an `id` in its `meta` becomes a named one, to which the others refer.
 * `io` says whether callers send it (`input`) or get it (`output`): what they get may grow, so they are told of no limit to it.
 */
export function jsonSchemas(schemas: ReadonlyMap<string, z.ZodType>, io: "input" | "output"): SchemaSet {
  const all = z.toJSONSchema(z.object(Object.fromEntries(schemas)), {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (io === "output" && def.type === "object") delete jsonSchema.additionalProperties;
      // Every key of JSON is a text.
      delete jsonSchema.propertyNames;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      replaceByMeaning(jsonSchema);
    },
  });
  const { properties = {}, $defs = {} } = all;
  const named = Object.entries($defs).map(([name, schema]) => [name, referring(schema)] as const);
  return {
    byKey: new Map(Object.entries(properties).map(([key, schema]) => [key, referring(schema)])),
    named: Object.fromEntries(named.toSorted(([left], [right]) => (left < right ? -1 : 1))),
  };
}

/** What a parameter means where that is not the text that it is written as: `meta({means: {type: "integer"}})`. */
function replaceByMeaning(jsonSchema: Record<string, unknown>): void {
  const { means, description } = jsonSchema;
  if (typeof means !== "object" || means === null) return;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, means, description === undefined ? {} : { description });
}

/** The same, with references to where OpenAPI keeps named schemas. */
function referring(schema: unknown): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}
