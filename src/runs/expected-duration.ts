/** How long the last runs of a runbook took that did what they were to, in milliseconds. */
export interface ExpectedDuration {
  readonly medianMs: number;
  /** Nine of ten took no longer. */
  readonly p90Ms: number;
  /** How many runs that is known from. */
  readonly runs: number;
}

/** So many of the newest runs say how long the next one will take. */
export const RUNS_LOOKED_AT = 50;
/** Fewer say nothing. */
const RUNS_MIN = 3;

/** Null when too few runs are known. */
export function expectedDuration(durationsMs: readonly number[]): ExpectedDuration | null {
  if (durationsMs.length < RUNS_MIN) return null;
  const sorted = durationsMs.toSorted((left, right) => left - right);
  const at = (index: number) => sorted[index] ?? 0;
  const middle = Math.floor(sorted.length / 2);
  return {
    medianMs: sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2,
    p90Ms: at(Math.ceil(sorted.length * 0.9) - 1),
    runs: sorted.length,
  };
}
