import { z } from "zod";

// What the shapes of the API are made of. Times are RFC 3339 in UTC, what is not known is null, and nothing is left out.

/** What a shape function gives back: the output of its schema, unchangeable. */
export type Shape<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<Value> = unknown extends Value
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

export const timeSchema = z.string().regex(/Z$/).meta({ format: "date-time" });

/** Sorts by age. */
export const idSchema = z.string().meta({ format: "uuid" });

export const digestSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: "SHA-256, in hexadecimal." });

export const countSchema = z.int().min(0);

export const textsSchema = z.record(z.string(), z.string());

export const anythingSchema = z.record(z.string(), z.unknown());

/** A page of a list: at most `limit` items, and the cursor of the next page. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z
      .string()
      .nullable()
      .meta({ description: "What `after` is for the next page; null at the end of the list." }),
  });
}

const problemErrorSchema = z.object({
  pointer: z
    .string()
    .meta({ description: "JSON pointer (RFC 6901) into the body; with status 400 the name of a parameter." }),
  code: z.string(),
  message: z.string(),
});

/** An answer that is an error, as RFC 9457 has it. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().meta({ description: "Path of the call." }),
    errors: z.array(problemErrorSchema),
  })
  .meta({ id: "Problem", description: "A problem, as RFC 9457 has it." });
