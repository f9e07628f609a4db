const UNITS_MS = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
} as const;
type Unit = keyof typeof UNITS_MS;

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/**
 * Milliseconds of a Prometheus duration (`90s`, `1h30m`, `0`), undefined when the text is none.
 * Units as in Prometheus' own parser: y (365 d), w, d, h, m, s, ms, in that order, each at most once.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (text === "") return undefined;
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const units = Object.keys(UNITS_MS) as Unit[];
  const totalMs = units.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * UNITS_MS[unit], 0);
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}

/** The shortest Prometheus duration for a number of milliseconds: 5400000 is `1h30m`. */
export function formatDurationMs(durationMs: number): string {
  let restMs = Math.max(0, Math.round(durationMs));
  if (restMs === 0) return "0s";
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const count = Math.floor(restMs / UNITS_MS[unit]);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * UNITS_MS[unit];
  }
  return text;
}
