import type { OnBusy } from "../runbooks/guards.ts";
import type { Verdict } from "./verdict.ts";

export interface ConcurrencyFacts {
  /** Whose runs are counted, such as `rule web-latency`. */
  readonly of: string;
  readonly max: number;
  /** Runs under way. */
  readonly running: number;
  /** Runs in line for a slot before this one. */
  readonly waiting: number;
  readonly onBusy: OnBusy;
}

/** At most `max` runs at once. A slot that is free belongs to those in line. */
export function judgeConcurrency({ of, max, running, waiting, onBusy }: ConcurrencyFacts): Verdict {
  if (running + waiting < max) return { kind: "passes" };
  const line = waiting === 0 ? "" : ` and ${waiting} in line`;
  const text = `${of} has ${running} of at most ${max} runs under way${line}`;
  // In line for a slot that there never is.
  const isQueued = onBusy === "queue" && max > 0;
  return { kind: isQueued ? "queues" : "refuses", reason: "concurrency", text };
}
