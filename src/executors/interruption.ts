/** Node.js fires a timer at once when it is set for longer than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** From a time limit to the KILL there is never longer than this, so that a step is left within two seconds of it. */
export const KILL_GRACE_MS_MAX = 1_500;
/** A step is left this long after its limit at the latest, whatever its processes do. */
export const LEAVE_AFTER_MS = 1_900;

/** The first of a time limit and an abort. `dispose` must be called, or the timer keeps the process alive. */
export interface Interruption {
  readonly happened: Promise<"timed_out" | "cancelled">;
  dispose(): void;
}

export function watchInterruption(timeoutMs: number, signal: AbortSignal): Interruption {
  let dispose = () => {};
  const happened = new Promise<"timed_out" | "cancelled">((resolve) => {
    const timer = setTimeout(() => resolve("timed_out"), Math.min(Math.max(0, timeoutMs), TIMER_MS_MAX));
    const onAbort = () => resolve("cancelled");
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    dispose = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
  });
  return { happened, dispose: () => dispose() };
}

/** Resolves with true when the task settled within the limit. Its rejection is the caller's to handle. */
export async function settledWithin(task: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, limitMs));
  });
  const settled = task.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, limit]);
  } finally {
    clearTimeout(timer);
  }
}
