import type { Input } from "../../api/types.ts";
import { bytesText } from "../bytes.ts";

/** Longer than people write in one line: the limit is told where the runbook has set another. */
const LENGTH_DEFAULT = 1_024;
const COUNT_DEFAULT = 1_000;

/** What a value has to be, before somebody runs into it: `1 to 65535`; empty where there is nothing to say. */
export function limitsText(input: Input): string {
  const { type, pattern, min, max, min_length: shortest, max_length: longest, max_size: size } = input;
  const { min_count: fewest, max_count: most } = input;
  const parts = [
    type === "file" && size !== undefined ? `At most ${bytesText(size)}` : null,
    rangeText(min, max),
    rangeText(
      shortest !== undefined && shortest > 1 ? shortest : undefined,
      longest === LENGTH_DEFAULT || type === "secret" ? undefined : longest,
      "characters",
    ),
    rangeText(
      fewest !== undefined && fewest > 1 ? fewest : undefined,
      most === COUNT_DEFAULT ? undefined : most,
      type === "hosts" ? "hosts" : "of them",
    ),
    pattern === undefined ? null : `Must match ${pattern}`,
    type === "duration" ? "Like 90s, 5m or 1h30m" : null,
  ];
  return parts.filter((part) => part !== null).join(". ");
}

function rangeText(
  min: number | string | undefined,
  max: number | string | undefined,
  what = "",
): string | null {
  const unit = what === "" ? "" : ` ${what}`;
  if (min !== undefined && max !== undefined) return `${min} to ${max}${unit}`;
  if (min !== undefined) return `At least ${min}${unit}`;
  return max === undefined ? null : `At most ${max}${unit}`;
}
