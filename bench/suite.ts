/** One promise, measured: ours beside a reference in the same run, because machines are shared and noisy. */
export interface BenchResult {
  /** Of the promise, such as `P3`. */
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  /** Null where the reference is absent on this machine. */
  readonly measured: number | null;
  readonly reference: number | null;
  /** `measured / reference`, or the other way round, as `goal` speaks of it. */
  readonly ratio: number | null;
  /** In words, such as `<= 2.0 x`. */
  readonly goal: string;
  readonly isOk: boolean;
  /** Why there is no figure, or what to know about it. */
  readonly note?: string;
}

/** One subject to measure. It ends within the time it is given, and leaves nothing running. */
export interface Suite {
  readonly name: string;
  run(budgetMs: number): Promise<readonly BenchResult[]>;
}

/**
 * Nanoseconds a call, the median of several rounds. Rounds of different subjects alternate, so that a slow moment of
 * the machine hits all of them.
 */
export function medianNanoseconds(
  subjects: readonly (() => void)[],
  rounds: number,
  roundMs: number,
): number[] {
  const times = subjects.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, subject] of subjects.entries())
      times[index]?.push(nanosecondsPerCall(subject, roundMs));
  return times.map(
    (ofSubject) => ofSubject.toSorted((left, right) => left - right)[rounds >> 1] ?? Number.NaN,
  );
}

function nanosecondsPerCall(subject: () => void, roundMs: number): number {
  const startedAt = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < roundMs) {
    for (let call = 0; call < 10; call += 1) subject();
    calls += 10;
    elapsedMs = performance.now() - startedAt;
  }
  return (elapsedMs * 1e6) / calls;
}
