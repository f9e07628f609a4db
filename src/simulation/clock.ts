import type { Clock } from "../platform/clock.ts";

/** Time that passes only when it is told to. */
export interface SimulatedClock extends Clock {
  /** Goes on to this time; to an earlier one it does not go back. */
  goTo(atMs: number): void;
}

/** Whoever sleeps has slept at once: the clock goes on by that much. */
export function createSimulatedClock(startMs: number): SimulatedClock {
  let nowMs = startMs;
  const goTo = (atMs: number) => {
    nowMs = Math.max(nowMs, atMs);
  };
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    sleep: async (durationMs, signal) => {
      signal?.throwIfAborted();
      goTo(nowMs + durationMs);
    },
    goTo,
  };
}
