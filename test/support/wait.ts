import { setTimeout as delay } from "node:timers/promises";

/** Asks again and again until there is an answer. Throws, with what was waited for, when the time is over. */
export async function waitFor<Value>(
  what: string,
  ask: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  limitMs = 10_000,
): Promise<Value> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() >= deadlineMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await delay(20);
  }
}
