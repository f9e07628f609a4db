// Round numbers for axes, and how they are written.

/** At most `countMax` round values from `min` to `max`, both widened to the next round one. */
export function valueTicks(min: number, max: number, countMax: number): number[] {
  const span = max - min;
  const rough = span / Math.max(1, countMax - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999_999) ?? 10) * power;
  const first = Math.floor(min / step + 1e-9);
  const last = Math.ceil(max / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => tidy((first + index) * step));
}

/** Without the last digits that binary fractions bring: 0.30000000000000004 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

const SUFFIXES = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

/** Short for an axis: 1500000 is `1.5M`, 0.0004 is `0.0004`, 0.00000004 is `4e-8`. */
export function formatValue(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const suffix = SUFFIXES.find(([factor]) => size >= factor);
  if (suffix !== undefined && size < 1e15) return `${trimmed(value / suffix[0])}${suffix[1]}`;
  return size < 1e-4 || size >= 1e15 ? value.toExponential(1).replace(".0e", "e") : trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(4)));
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
