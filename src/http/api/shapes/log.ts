import { z } from "zod";
import { countSchema } from "./common.ts";

const partKeys = {
  attempt: countSchema,
  offset: countSchema,
  next_offset: countSchema.meta({ description: "The byte at which the next part begins." }),
  total_bytes: countSchema.nullable(),
  complete: z.boolean(),
  content: z.string(),
};

/** A part of what one attempt of a step printed. */
export const logPartSchema = z.object(partKeys).meta({ id: "LogPart" });

/** A part, with what it is a part of. */
export const logSchema = z
  .object({ step: z.string(), stream: z.enum(["stdout", "stderr"]), ...partKeys })
  .meta({ id: "Log" });

/** Another attempt has begun. */
export const logAttemptSchema = z.object({ attempt: countSchema });
