import { z } from "zod";
import { parseBytes } from "./bytes.ts";
import { parseDurationMs } from "./durations.ts";
import { closestWord } from "./problems.ts";

/** A Prometheus duration in YAML; milliseconds afterwards. */
export const durationSchema = z
  .string("a duration is a text with its unit, such as 90s, 5m or 1h30m")
  .transform((text, context) => {
    const durationMs = parseDurationMs(text);
    if (durationMs !== undefined) return durationMs;
    context.addIssue({ code: "custom", message: `"${text}" is no duration; write it like 90s, 5m or 1h30m` });
    return z.NEVER;
  })
  .meta({ description: "Prometheus duration, such as 90s, 5m or 1h30m" });

/** A duration of which 0 makes no sense. */
export const positiveDurationSchema = durationSchema.refine(
  (durationMs) => durationMs > 0,
  "must be longer than 0",
);

const TIME_LIMIT_MS_MAX = 24 * 24 * 60 * 60_000;

/** How long something may take. Node.js cannot wait for longer than 24.8 days: it would give up at once. */
export const timeLimitSchema = positiveDurationSchema.refine(
  (durationMs) => durationMs <= TIME_LIMIT_MS_MAX,
  "a time limit is at most 24d",
);

/** How many of something, where none makes no sense. */
export const countSchema = z.int("a whole number is needed here").min(1, "must be at least 1");

/** One of some words, with "did you mean" for another one. */
export function wordSchema<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: ({ input }) => wordMessage(input, words) });
}

/** What is said of a text that is none of the words; `others` names what else may stand there. */
export function wordMessage(input: unknown, words: readonly string[], others = ""): string {
  const meant = typeof input === "string" ? closestWord(input, words) : undefined;
  if (meant !== undefined) return `there is no "${String(input)}" here; did you mean "${meant}"?`;
  return `write one of: ${words.join(", ")}${others}`;
}

/** A list in which nothing stands twice. */
export function distinctSchema<Item extends z.ZodType<string>>(item: Item) {
  return z.array(item).superRefine((items, context) => {
    for (const [index, one] of items.entries())
      if (items.indexOf(one) !== index)
        context.addIssue({ code: "custom", path: [index], message: `"${one}" is in the list twice` });
  });
}

/** A size in YAML such as 16MiB; bytes afterwards. */
export const bytesSchema = z
  .string()
  .transform((text, context) => {
    const bytes = parseBytes(text);
    if (bytes !== undefined) return bytes;
    context.addIssue({
      code: "custom",
      message: `"${text}" is no size; write it like 512KiB, 16MiB or 2GiB`,
    });
    return z.NEVER;
  })
  .meta({ description: "Size in bytes with its unit, such as 16MiB" });

/** Names of rules, runbooks, steps and sources: they become URLs, metric labels and file names. */
export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$/,
    "a name has 1 to 64 of a-z, 0-9, - and _, and begins and ends with a letter or digit",
  );

/** Text in YAML. A number or a boolean there is refused with the fix, because YAML has already changed its spelling (`012`). */
export const textSchema = z.string({
  error: (issue) =>
    typeof issue.input === "number" || typeof issue.input === "boolean"
      ? "text is needed here; write it in quotes"
      : undefined,
});

/** Who is meant: `everyone`, `user:NAME` or `group:NAME`, each once at most. */
export const granteesSchema = distinctSchema(
  textSchema.regex(
    /^(everyone|(user|group):[^\s,:][^,:]{0,127})$/,
    "write everyone, user:NAME or group:NAME",
  ),
);
