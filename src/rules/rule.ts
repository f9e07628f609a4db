import type { Expression } from "../expressions/cel.ts";
import type { Matcher } from "../expressions/matchers.ts";
import type { Template } from "../expressions/templates.ts";

export const MODES = ["observe", "auto"] as const;
export type Mode = (typeof MODES)[number];

/** How a run's outcome is found out. Times in milliseconds. */
export interface Verification {
  readonly resolvedWithinMs: number;
  readonly stableForMs: number;
  /** A query to ask at the deadline instead of the alert itself. */
  readonly check: {
    readonly query: string;
    readonly expect: Expression;
    readonly worse: Expression | null;
  } | null;
}

/** A checked rule. */
export interface Rule {
  readonly name: string;
  readonly mode: Mode;
  readonly source: string | null;
  readonly matchers: readonly Matcher[];
  readonly if: Expression | null;
  /** Names of labels; null to group by the alert's identity. */
  readonly groupBy: readonly string[] | null;
  /** Null: the rule only observes that alerts matched, and has no runbook (the catch-all). */
  readonly runbook: string | null;
  readonly with: ReadonlyMap<string, Template | string | number | boolean>;
  readonly guards: { readonly cooldownMs: number | null };
  readonly verify: Verification;
  readonly continue: boolean;
  /** Whether it may match test and meta alerts. */
  readonly meta: boolean;
  readonly file: string;
  readonly line: number;
}
