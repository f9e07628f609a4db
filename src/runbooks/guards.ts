import type { Matcher } from "../expressions/matchers.ts";

/** What a start does when a lock or a slot it needs is taken: it waits in line, or is refused. */
export const ON_BUSY = ["queue", "refuse"] as const;
export type OnBusy = (typeof ON_BUSY)[number];

/** Guards that a runbook and a rule may both have. A runbook's hold for every trigger, a rule's for that rule; both are judged. */
export interface Guards {
  /** At most `max` starts in any stretch of `perMs`: of the rule, or of the runbook. */
  readonly rateLimit: Rate | null;
  /** Names beside the hosts that change, which are locked anyway. */
  readonly locks: readonly string[];
  /** Runs that may be under way at once; null for any number. */
  readonly concurrency: number | null;
  readonly onBusy: OnBusy;
  /** How long a start waits in line for a lock or a slot before it is refused. */
  readonly waitMs: number;
  readonly budget: Budget | null;
  /** Names of time intervals: outside all of `active`, or inside one of `mute`, nothing starts. */
  readonly active: readonly string[];
  readonly mute: readonly string[];
}

export interface Rate {
  readonly max: number;
  readonly perMs: number;
}

/** How many of some hosts may be changed, by anyone, in a stretch of time. */
export interface Budget {
  readonly hosts: readonly Matcher[];
  /** The selector as written, for people. */
  readonly selector: string;
  /** A percentage of the hosts that the selector finds is rounded down. */
  readonly max: { readonly unit: "hosts" | "percent"; readonly amount: number };
  readonly withinMs: number;
}

/** How many of so many hosts the budget allows to be changed; a percentage is rounded down, and may so come to 0. */
export function allowedHosts({ max }: Pick<Budget, "max">, selectedCount: number): number {
  return max.unit === "hosts" ? max.amount : Math.floor((selectedCount * max.amount) / 100);
}

/** The guards of a runbook: what a rule may have as well, and what only people's starts can meet. */
export interface RunbookGuards extends Guards {
  /** Starts of one person. */
  readonly perUser: Rate | null;
}

export const WAIT_DEFAULT_MS = 15 * 60_000;

export const NO_GUARDS: Guards = {
  rateLimit: null,
  locks: [],
  concurrency: null,
  onBusy: "queue",
  waitMs: WAIT_DEFAULT_MS,
  budget: null,
  active: [],
  mute: [],
};
