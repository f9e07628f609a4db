import { z } from "zod";
import { textSchema } from "../../platform/schemas.ts";
import { COMMON_KEYS } from "./common-keys.ts";
import { accepted, type InputKind, known, refused } from "./kind.ts";
import { TEXT_KEYS, textLimitsSchema, textProblem, textRefusal } from "./text.ts";

const schema = z.strictObject({
  type: z.literal("string"),
  ...COMMON_KEYS,
  default: textSchema.optional(),
  ...TEXT_KEYS,
  allow_leading_dash: z
    .boolean()
    .default(false)
    .meta({ description: "A value that begins with - could be taken for an option" }),
});
export type StringSpec = z.output<typeof schema>;

export const stringKind = {
  schema,
  problem: textProblem,
  bind(spec, given) {
    if (typeof given !== "string") return refused("wrong-type", "text is needed, such as nginx");
    const refusal = textRefusal(spec, given);
    if (refusal !== undefined) return { ok: false, refusals: [refusal] };
    if (given.startsWith("-") && !spec.allow_leading_dash)
      return refused(
        "leading-dash",
        "a value that begins with - could be taken for an option; write it without the -",
      );
    return accepted(given);
  },
  valueType: () => "string",
  textParts: () => [],
  jsonSchema: (spec) => ({ type: "string", ...textLimitsSchema(spec) }),
  shape: ({ pattern, min_length, max_length, multiline }) =>
    known({ pattern, min_length, max_length, multiline }),
} satisfies InputKind<StringSpec>;
