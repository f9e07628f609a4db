import { z } from "zod";
import { textSchema } from "../../platform/schemas.ts";

/** The program and its arguments. Each element is one argument: never split, never seen by a shell. */
export type CommandSpec = readonly [string, ...string[]];

const argumentSchema = textSchema.refine((text) => !text.includes("\0"), "an argument has no NUL character");

export const commandSchema = z
  .array(argumentSchema, {
    error: (issue) =>
      typeof issue.input === "string"
        ? "a command is a list with one element for each argument, such as [systemctl, restart, nginx]"
        : undefined,
  })
  .min(1, "a command needs a program")
  .refine((argv) => argv[0] !== "", "a command needs a program")
  .transform((argv): CommandSpec => argv as [string, ...string[]]);
