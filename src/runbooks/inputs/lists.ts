import { z } from "zod";
import { type Bound, refused, type Wrong } from "./kind.ts";

/** More values than anybody chooses or any run has hosts. */
export const ITEMS_MAX = 1_000;

export const COUNT_KEYS = {
  min_count: z.int().min(0).max(ITEMS_MAX).default(1),
  max_count: z.int().min(1).max(ITEMS_MAX).default(ITEMS_MAX),
};

export interface Counts {
  readonly min_count: number;
  readonly max_count: number;
}

/** The texts of a list. One text stands for a list of one: labels and flags are text. Undefined for anything else. */
export function textsOf(given: unknown): readonly string[] | undefined {
  const list: unknown = typeof given === "string" ? [given] : given;
  if (!Array.isArray(list) || list.length > ITEMS_MAX) return undefined;
  return list.every((item) => typeof item === "string") ? list : undefined;
}

/** Why there are not as many values as there may be; undefined when there are. `what` in the plural. */
export function countRefusal(counts: Counts, count: number, what: string): Bound | undefined {
  const { min_count: countMin, max_count: countMax } = counts;
  if (count < countMin) {
    const found = count === 0 ? "none is given" : `${count} given`;
    return refused("too-few", `at least ${countMin} of the ${what} must be given, but ${found}`);
  }
  if (count > countMax)
    return refused("too-many", `at most ${countMax} of the ${what} may be given, but ${count} are`);
  return undefined;
}

export function countProblem(counts: Counts): Wrong | undefined {
  if (counts.min_count <= counts.max_count) return undefined;
  return { key: "max_count", message: "max_count is less than min_count" };
}

export function countsSchema({ min_count, max_count }: Counts): Record<string, unknown> {
  return { type: "array", minItems: min_count, maxItems: max_count, uniqueItems: true };
}
