import { z } from "zod";
import { booleanKind } from "./inputs/boolean.ts";
import { choiceKind, multiChoiceKind } from "./inputs/choice.ts";
import { fileKind } from "./inputs/file.ts";
import { hostKind, hostsKind } from "./inputs/host.ts";
import { integerKind, numberKind } from "./inputs/number.ts";
import { secretKind } from "./inputs/secret.ts";
import { stringKind } from "./inputs/string.ts";
import { dateKind, datetimeKind, durationKind } from "./inputs/time.ts";
import type { InputType } from "./inputs/types.ts";

export const INPUT_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** One entry of `inputs` as operators write it. */
export const inputSchema = z.discriminatedUnion("type", [
  stringKind.schema,
  integerKind.schema,
  numberKind.schema,
  booleanKind.schema,
  choiceKind.schema,
  multiChoiceKind.schema,
  hostKind.schema,
  hostsKind.schema,
  durationKind.schema,
  dateKind.schema,
  datetimeKind.schema,
  secretKind.schema,
  fileKind.schema,
]);

export type InputEntry = z.output<typeof inputSchema>;

/** The entry as the table of types takes it. */
export function typedEntry(entry: InputEntry): InputType {
  // The schema has read type and keys together, which the compiler cannot follow through a union.
  return { type: entry.type, spec: entry } as InputType;
}
