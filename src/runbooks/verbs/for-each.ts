import { z } from "zod";
import { textSchema } from "../../platform/schemas.ts";

/** The same steps for each host of an input, some of them at a time. */
export interface ForEachSpec {
  /** The input whose hosts, or options, are gone through. */
  readonly input: string;
  /** What the steps call the item. */
  readonly as: string;
  readonly maxParallel: { readonly unit: "items" | "percent"; readonly amount: number };
  /** With so many failed items no further one begins, and the step has failed. */
  readonly failuresMax: number;
}

const INPUT = /^inputs\.([a-z][a-z0-9_]*)$/;

const parallelSchema = z
  .union([
    z.int().min(1),
    z.string().regex(/^([1-9][0-9]?|100)%$/, 'write a number of items, or a share such as "25%"'),
  ])
  .transform((value): ForEachSpec["maxParallel"] =>
    typeof value === "number"
      ? { unit: "items", amount: value }
      : { unit: "percent", amount: Number(value.slice(0, -1)) },
  );

/** `for_each` as written; the steps inside are read like any others. */
export function forEachSchema(steps: () => z.ZodType<readonly unknown[]>) {
  return z.strictObject({
    in: textSchema
      .regex(INPUT, "write an input that is a list, such as inputs.hosts")
      .meta({ description: "An input of type hosts or multi_choice, such as inputs.hosts" }),
    as: textSchema
      .regex(/^[a-z][a-z0-9_]{0,62}$/, "a name has a-z, 0-9 and _, and begins with a letter")
      .default("host")
      .meta({ description: "What the steps inside call the item" }),
    max_parallel: parallelSchema
      .default({ unit: "items", amount: 1 })
      .meta({ description: 'Items at a time: a number, or a share such as "25%", rounded down' }),
    max_failures: z
      .int()
      .min(1)
      .default(1)
      .meta({ description: "With so many failed items no further one begins" }),
    steps: z.lazy(steps),
    on_failure: z.lazy(steps).optional(),
    finally: z.lazy(steps).optional(),
  });
}

/** The input that `in` names. */
export function inputOf(text: string): string {
  return INPUT.exec(text)?.[1] ?? "";
}

/** How many items are worked on at a time; at least one. */
export function parallelOf({ maxParallel }: ForEachSpec, items: number): number {
  const { unit, amount } = maxParallel;
  return Math.max(1, unit === "items" ? amount : Math.floor((items * amount) / 100));
}
