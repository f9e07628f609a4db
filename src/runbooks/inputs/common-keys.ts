import { z } from "zod";
import { textSchema } from "../../platform/schemas.ts";

/** The keys that inputs of every type have. */
export const COMMON_KEYS = {
  title: textSchema.min(1).optional(),
  help: textSchema.min(1).optional(),
  placeholder: textSchema.min(1).optional().meta({ description: "Shown in an empty field of the form" }),
  required: z.boolean().default(true),
  show_if: textSchema
    .min(1)
    .optional()
    .meta({ description: "CEL over the inputs that stand before it; not asked for while it is false" }),
};
