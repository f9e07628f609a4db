import { z } from "zod";
import { nameSchema } from "../../platform/schemas.ts";

/** Another runbook as a step of this one. Its inputs are bound before the run starts. */
export interface CallSpec {
  readonly name: string;
  readonly with: Readonly<Record<string, string | number | boolean>>;
}

export const callSchema = z.strictObject({
  name: nameSchema,
  with: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .meta({
      description: "The inputs of that runbook; values may use inputs, which are known before the start",
    }),
});

/** Runbooks called by runbooks, counted from the one that is started. */
export const CALL_DEPTH_MAX = 4;
