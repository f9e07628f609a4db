import { edgesBetween, isWithin, type TimeInterval } from "./interval.ts";

const DAY_MS = 86_400_000;

/** So many days are looked at together; most answers are in the first ones. */
const WINDOW_MS = 2 * DAY_MS;

/** Beyond the 8 years that may lie between two 29ths of February. */
export const NEXT_CHANGE_MAX_MS = 10 * 366 * DAY_MS;

/** The first moment after `atMs` at which {@link isWithin} answers otherwise than at `atMs`; null when there is none for ten years. */
export function nextChangeMs(interval: TimeInterval, atMs: number): number | null {
  const isInside = isWithin(interval, atMs);
  return firstMoment([interval], atMs, atMs + NEXT_CHANGE_MAX_MS, (momentMs) => {
    return isWithin(interval, momentMs) !== isInside;
  });
}

/**
 * The first moment after `afterMs`, up to `untilMs`, at which something holds that depends on nothing but which of the
 * intervals the moment is inside, and that did not hold before; null when there is none.
 */
export function firstMoment(
  intervals: readonly TimeInterval[],
  afterMs: number,
  untilMs: number,
  holds: (momentMs: number) => boolean,
): number | null {
  const edges = intervals.flatMap((interval) => interval.edges);
  for (let fromMs = afterMs; fromMs < untilMs; fromMs += WINDOW_MS) {
    const toMs = Math.min(fromMs + WINDOW_MS, untilMs);
    const moments = edges
      .flatMap((each) => edgesBetween(each, fromMs, toMs))
      .sort((left, right) => left - right);
    const found = moments.find(holds);
    if (found !== undefined) return found;
  }
  return null;
}
