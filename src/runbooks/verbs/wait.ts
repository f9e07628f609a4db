import { z } from "zod";
import { durationSchema } from "../../platform/schemas.ts";

export interface WaitSpec {
  /** Null for `wait: {}`, which waits for the step's `until`. */
  readonly durationMs: number | null;
}

export const waitSchema = z
  .union([durationSchema, z.strictObject({})], {
    error: "write how long, such as 5m, or {} to wait for the step's until",
  })
  .transform((wait): WaitSpec => ({ durationMs: typeof wait === "number" ? wait : null }));
