import { readdirSync, readFileSync } from "node:fs";
import { pauseBetween } from "./wait.ts";

/** Ids of living processes whose environment holds the text. Linux only, like what it checks. */
export function processesWith(text: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(text);
      } catch {
        return false;
      }
    });
}

/** Waits for a condition; throws when it has not come true within the limit. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  const sinceMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - sinceMs > limitMs)
      throw new Error(`the condition did not come true within ${limitMs} ms`);
    await pauseBetween(sinceMs);
  }
}
