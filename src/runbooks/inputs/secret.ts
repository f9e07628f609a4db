import { z } from "zod";
import { COMMON_KEYS } from "./common-keys.ts";
import { accepted, type InputKind, refused } from "./kind.ts";
import { TEXT_KEYS, textLimitsSchema, textProblem, textRefusal } from "./text.ts";

const schema = z.strictObject({
  type: z.literal("secret"),
  ...COMMON_KEYS,
  default: z.never("a secret has no default: it would stand in the file for everybody to read").optional(),
  ...TEXT_KEYS,
  max_length: TEXT_KEYS.max_length.unwrap().default(4096),
});
export type SecretSpec = z.output<typeof schema>;

/** The plan holds a seal of the text, which tells two texts apart and says nothing else about them. */
export const secretKind = {
  schema,
  problem: textProblem,
  bind(spec, given, { seal }) {
    if (typeof given !== "string") return refused("wrong-type", "the text of the secret is needed");
    const refusal = textRefusal(spec, given);
    if (refusal !== undefined) return { ok: false, refusals: [refusal] };
    return accepted(seal(given), { content: Buffer.from(given, "utf8") });
  },
  valueType: () => "string",
  textParts: () => [],
  jsonSchema: (spec) => ({
    type: "string",
    format: "password",
    writeOnly: true,
    ...textLimitsSchema(spec),
  }),
  shape: ({ min_length, max_length, multiline }) => ({ min_length, max_length, multiline }),
} satisfies InputKind<SecretSpec>;
