import type { Series } from "../runs/statistics.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** One cell of a tally: a series in one hour. */
export interface Cell extends Series {
  readonly hourMs: number;
  readonly count: number;
}

/** Counts in memory, by series and hour, before they are added to those that are stored. */
export class Tally {
  readonly #cells = new Map<string, Cell>();

  add(series: Series, atMs: number): void {
    const hourMs = hourOf(atMs);
    const key = JSON.stringify([series.rule, series.runbook, series.measure, series.value, hourMs]);
    const count = this.#cells.get(key)?.count ?? 0;
    this.#cells.set(key, { ...series, hourMs, count: count + 1 });
  }

  cells(): Cell[] {
    return [...this.#cells.values()];
  }
}

export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** The hours and days of UTC that make up the last so many days: single hours up to the first midnight, then whole days. */
export interface Window {
  readonly fromMs: number;
  readonly fromDayMs: number;
}

/** Begins with a whole hour, so that it is up to an hour longer than asked for. */
export function windowOf(days: number, nowMs: number): Window {
  const fromMs = hourOf(nowMs - days * DAY_MS);
  return { fromMs, fromDayMs: dayOf(fromMs + DAY_MS - 1) };
}
