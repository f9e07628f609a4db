import { textSchema, wordSchema } from "../../platform/schemas.ts";

export const SHELLS = ["sh", "bash", "python3"] as const;
export type Shell = (typeof SHELLS)[number];

/** A script longer than this belongs in a file on the host. */
const SCRIPT_CHARS_MAX = 64 * 1024;

/** A script, executed exactly as written; values come by `env`. */
export interface RunSpec {
  readonly script: string;
  readonly shell: Shell;
}

export const scriptSchema = textSchema
  .max(SCRIPT_CHARS_MAX, `a script has at most ${SCRIPT_CHARS_MAX} characters`)
  .refine((text) => text.trim() !== "", "the script is empty")
  .refine((text) => !text.includes("\0"), "a script has no NUL character")
  .meta({ description: "Script, run exactly as written with sh -eu; pass values through env" });

export const shellSchema = wordSchema(SHELLS).meta({ description: "What runs the script; default sh" });
