import { z } from "zod";
import { COMMON_KEYS } from "./common-keys.ts";
import { accepted, type InputKind, refused } from "./kind.ts";

const schema = z.strictObject({
  type: z.literal("boolean"),
  ...COMMON_KEYS,
  default: z.boolean().optional(),
});
export type BooleanSpec = z.output<typeof schema>;

export const booleanKind = {
  schema,
  problem: () => undefined,
  bind(_spec, given) {
    if (typeof given === "boolean") return accepted(given);
    if (given === "true" || given === "false") return accepted(given === "true");
    return refused("wrong-type", "true or false is needed");
  },
  valueType: () => "bool",
  textParts: () => [],
  jsonSchema: () => ({ type: "boolean" }),
  shape: () => ({}),
} satisfies InputKind<BooleanSpec>;
