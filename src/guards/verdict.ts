import type { Reason } from "../runs/reasons.ts";
import { REASONS } from "../runs/reasons.ts";

/** What a guard says of a start. All guards of rules and runbooks answer with this type. */
export type Verdict =
  | { readonly kind: "passes" }
  /** In line for a lock or a slot: the run is made now and starts when it is free. */
  | { readonly kind: "queues"; readonly reason: Reason; readonly text: string }
  /** Not now, but judge again at `retryAtMs`. */
  | { readonly kind: "delays"; readonly reason: Reason; readonly retryAtMs: number; readonly text: string }
  /** Not at all; judged again only when the alert is repeated. */
  | { readonly kind: "refuses"; readonly reason: Reason; readonly text: string };

/** What all guards together say: the verdict that names the reason, and everything that spoke against the start. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly against: readonly Exclude<Verdict, { kind: "passes" }>[];
}

/**
 * The first reason in the order of {@link REASONS} is the one that is told; all are kept. A place in line comes last: it is
 * given only when nothing delays or refuses the start.
 */
export function combineVerdicts(verdicts: readonly Verdict[]): Judgement {
  const against = verdicts
    .filter((verdict) => verdict.kind !== "passes")
    .toSorted((left, right) => REASONS.indexOf(left.reason) - REASONS.indexOf(right.reason));
  const first = against.find((verdict) => verdict.kind !== "queues") ?? against[0];
  return { verdict: first ?? { kind: "passes" }, against };
}
