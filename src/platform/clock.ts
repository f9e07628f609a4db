import { setTimeout as delay } from "node:timers/promises";

/** Where time comes from. Tests pass their own, so that no test has to wait. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump; use it for what people read and for stored due times. */
  nowMs(): number;
  /** Never goes back. Use it for limits inside this process. */
  monotonicMs(): number;
  /** Resolves after the time has passed. Rejects with the signal's reason when it is aborted first. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs, signal) => delay(durationMs, undefined, signal === undefined ? {} : { signal }),
};
