import type { Unit } from "../runbooks/verbs/prometheus.ts";

const SHORT_DIGITS = 4;

/**
 * A value for people: with `seconds` 0.25 is `250ms` and 5400 is `1h30m`, with `bytes` 1536 is `1.5KiB`, with `ratio` 0.85 is
 * `85%`, without a unit 1500000 is `1.5M`. `digits` is how many of them are told at most.
 */
export function formatValue(value: number, unit: Unit | null = null, digits = SHORT_DIGITS): string {
  switch (unit) {
    case null:
      return formatNumber(value, digits);
    case "seconds":
      return formatSeconds(value, digits);
    case "bytes":
      return formatSize(value, digits);
    case "bytes_per_second":
      return `${formatSize(value, digits)}/s`;
    case "per_second":
      return `${formatNumber(value, digits)}/s`;
    case "percent":
      return `${formatNumber(value, digits)}%`;
    case "ratio":
      return `${formatNumber(value * 100, digits)}%`;
  }
}

const SUFFIXES = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

function formatNumber(value: number, digits: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const suffix = SUFFIXES.find(([factor]) => size >= factor);
  if (suffix !== undefined && size < 1e15) return `${trimmed(value / suffix[0], digits)}${suffix[1]}`;
  return size < 1e-4 || size >= 1e15 ? value.toExponential(1).replace(".0e", "e") : trimmed(value, digits);
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

function formatSize(value: number, digits: number): string {
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10));
  const scaled = value / 1024 ** power;
  return Math.abs(scaled) >= 1e5
    ? `${formatNumber(scaled, digits)}${SIZES[power]}`
    : `${trimmed(scaled, digits)}${SIZES[power]}`;
}

const TIMES = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "m"],
  [1, "s"],
] as const;

function formatSeconds(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0s";
  if (size < 1e-6) return `${formatNumber(value, digits)}s`;
  if (size < 1e-3) return `${trimmed(value * 1e6, digits)}µs`;
  if (size < 1) return `${trimmed(value * 1e3, digits)}ms`;
  const isFine = digits > SHORT_DIGITS;
  if (size < 60 || isFine || size >= 1e9)
    return `${isFine ? trimmed(value, digits) : formatNumber(value, digits)}s`;
  return `${value < 0 ? "-" : ""}${twoParts(size)}`;
}

/** The two largest units: 5430 is `1h30m`. */
function twoParts(size: number): string {
  const index = TIMES.findIndex(([factor]) => size >= factor);
  const [large = TIMES[3], small = TIMES[3]] = TIMES.slice(index, index + 2);
  const rounded = Math.round(size / small[0]) * small[0];
  const rest = Math.round((rounded % large[0]) / small[0]);
  return `${Math.floor(rounded / large[0])}${large[1]}${rest === 0 ? "" : `${rest}${small[1]}`}`;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}
