import { z } from "zod";
import { countSchema } from "./common.ts";

const partKeys = {
  attempt: countSchema,
  offset: countSchema,
  next_offset: countSchema.meta({ description: "The byte at which the next part begins." }),
  total_bytes: countSchema.nullable(),
  first_line: countSchema.nullable().meta({
    description: "The line in which the part begins, from 1. Null where it is not known, or not yet.",
  }),
  total_lines: countSchema.nullable(),
  complete: z.boolean(),
  content: z.string(),
};

/** A part of what one attempt of a step printed. */
export const logPartSchema = z.object(partKeys).meta({ id: "LogPart" });

const streamSchema = z.enum(["stdout", "stderr"]);

/** A part, with what it is a part of. */
export const logSchema = z
  .object({ step: z.string(), stream: streamSchema, ...partKeys })
  .meta({ id: "Log" });

const logMatchSchema = z
  .object({
    number: countSchema.meta({ description: "Among the matching lines, from 1." }),
    line: countSchema.nullable(),
    offset: countSchema.meta({ description: "The byte at which the line begins." }),
    column: countSchema.nullable().meta({
      description: "Of the first match in the line as it is seen, in UTF-16 units from 1.",
    }),
    text: z.string().meta({ description: "The line as it is seen, cut to what is around the first match." }),
  })
  .meta({ id: "LogMatch" });

/** Lines of a log in which a text is found. */
export const logMatchesSchema = z
  .object({
    step: z.string(),
    stream: streamSchema,
    attempt: countSchema,
    total: countSchema.meta({ description: "Matching lines of the whole log; of what there is by now." }),
    complete: z.boolean(),
    matches: z.array(logMatchSchema),
  })
  .meta({ id: "LogMatches" });

/** Another attempt has begun. */
export const logAttemptSchema = z.object({ attempt: countSchema });
