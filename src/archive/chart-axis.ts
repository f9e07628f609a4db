// Round numbers for axes.
import type { Unit } from "../runbooks/verbs/prometheus.ts";
import { formatValue } from "./chart-units.ts";

/** At most `countMax` round values from `min` to `max`, both widened to the next round one. */
export function valueTicks(min: number, max: number, countMax: number, unit: Unit | null = null): number[] {
  const step = roundStep((max - min) / Math.max(1, countMax - 1), unit);
  const first = Math.floor(min / step + 1e-9);
  const last = Math.ceil(max / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => tidy((first + index) * step));
}

const MINUTES_S = [15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const DIGITS = [1, 2, 2.5, 5, 10];

/** Sizes have powers of two between them, and times what clocks have. */
function roundStep(rough: number, unit: Unit | null): number {
  if (unit === "seconds" && rough > 10) {
    const step = MINUTES_S.find((candidate) => candidate >= rough * 0.999_999);
    if (step !== undefined) return step;
    return decimalStep(rough / 86_400) * 86_400;
  }
  const isSize = unit === "bytes" || unit === "bytes_per_second";
  return isSize && rough > 1 ? 2 ** Math.ceil(Math.log2(rough) - 1e-6) : decimalStep(rough);
}

function decimalStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return (DIGITS.find((factor) => factor * power >= rough * 0.999_999) ?? 10) * power;
}

/** Without the last digits that binary fractions bring: 0.30000000000000004 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** The ticks as they are written: with as many digits as tell one from the next. */
export function tickLabels(ticks: readonly number[], unit: Unit | null): string[] {
  const [first = 0, second = 1] = ticks;
  const largest = Math.max(...ticks.map(Math.abs));
  const digits = Math.ceil(Math.log10(largest / Math.max(second - first, Number.MIN_VALUE))) + 1;
  return ticks.map((tick) => formatValue(tick, unit, Math.min(15, Math.max(4, digits))));
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * DAY_MS),
];

/** At most about `countMax` round times (UTC) between start and end. */
export function timeTicks(
  startMs: number,
  endMs: number,
  countMax: number,
): { timeMs: number; label: string }[] {
  const stepMs = TIME_STEPS_MS.find((step) => (endMs - startMs) / step <= countMax) ?? 365 * DAY_MS;
  const ticks: { timeMs: number; label: string }[] = [];
  for (let timeMs = Math.ceil(startMs / stepMs) * stepMs; timeMs <= endMs; timeMs += stepMs) {
    ticks.push({ timeMs, label: timeLabel(timeMs, stepMs) });
  }
  return ticks;
}

function timeLabel(timeMs: number, stepMs: number): string {
  const iso = new Date(timeMs).toISOString();
  if (stepMs >= DAY_MS) return iso.slice(5, 10);
  if (timeMs % DAY_MS === 0 && stepMs >= MINUTE_MS) return iso.slice(5, 10);
  return stepMs >= MINUTE_MS ? iso.slice(11, 16) : iso.slice(11, 19);
}
