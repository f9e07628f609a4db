import type { Clock } from "../platform/clock.ts";

/**
 * Wakes one loop. A ring only says "look at the database": it may be doubled or lost without harm, since every loop also
 * looks by itself from time to time.
 */
export class Bell {
  readonly #clock: Clock;
  #wake: (() => void) | null = null;
  #isRung = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Whether it was rung since the last wait or look; for whoever looks by itself instead of waiting. */
  takeRing(): boolean {
    const wasRung = this.#isRung;
    this.#isRung = false;
    return wasRung;
  }

  /** Resolves at the next ring (or at once, after a ring that nobody waited for), when the time is over, or on abort. */
  async wait(durationMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isRung && !signal.aborted && durationMs > 0) {
      const waiting = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const stop = () => this.#wake?.();
      signal.addEventListener("abort", stop, { once: true });
      await Promise.race([rung, this.#clock.sleep(durationMs, waiting.signal).catch(() => {})]);
      signal.removeEventListener("abort", stop);
      waiting.abort();
      this.#wake = null;
    }
    this.#isRung = false;
  }
}
