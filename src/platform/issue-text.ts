import type { z } from "zod";

/** What is expected, in words of YAML rather than of a programming language. */
const KINDS = new Map([
  ["string", "a text"],
  ["array", "a list"],
  ["object", "a mapping"],
  ["record", "a mapping"],
  ["boolean", "true or false"],
  ["number", "a number"],
  ["int", "a whole number"],
]);

/** The message of an issue for an operator: our own where the schema has one, else zod's in plain words. */
export function issueText(issue: z.core.$ZodIssue): string {
  const { message } = issue;
  const kind = /^Invalid input: expected (\w+), received/.exec(message)?.[1];
  const words = kind === undefined ? undefined : KINDS.get(kind);
  if (words !== undefined) return `${words} is needed here`;
  return message === "Too small: expected string to have >=1 characters" ? "must not be empty" : message;
}
