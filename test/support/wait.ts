import { setTimeout as delay } from "node:timers/promises";

const SOONEST_MS = 20;
const LATEST_MS = 100;

/** Lets some time go by before it is asked again: the longer it has taken, the more, since asking takes the processor from what is waited for. */
export async function pauseBetween(sinceMs: number): Promise<void> {
  const waitedMs = performance.now() - sinceMs;
  await delay(Math.min(LATEST_MS, SOONEST_MS + waitedMs / 10));
}

/** Asks again and again until there is an answer. Throws, with what was waited for, when the time is over. */
export async function waitFor<Value>(
  what: string,
  ask: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  limitMs = 10_000,
): Promise<Value> {
  const sinceMs = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() - sinceMs >= limitMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pauseBetween(sinceMs);
  }
}
