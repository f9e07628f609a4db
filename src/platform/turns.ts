import { setImmediate as nextTurn } from "node:timers/promises";

/** Nobody else is kept waiting for longer than about this. */
const TURN_MS = 10;

/** To be awaited between the items of a loop that may be long: it lets everybody else have a turn once this one has lasted long enough. */
export function createTurns(): () => Promise<void> {
  let beganMs = performance.now();
  return async () => {
    if (performance.now() - beganMs < TURN_MS) return;
    await nextTurn();
    beganMs = performance.now();
  };
}
