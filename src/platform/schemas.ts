import { z } from "zod";
import { parseBytes } from "./bytes.ts";
import { parseDurationMs } from "./durations.ts";

/** A Prometheus duration in YAML; milliseconds afterwards. */
export const durationSchema = z
  .string()
  .transform((text, context) => {
    const durationMs = parseDurationMs(text);
    if (durationMs !== undefined) return durationMs;
    context.addIssue({ code: "custom", message: `"${text}" is no duration; write it like 90s, 5m or 1h30m` });
    return z.NEVER;
  })
  .meta({ description: "Prometheus duration, such as 90s, 5m or 1h30m" });

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
