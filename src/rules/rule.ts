import type { Expression } from "../expressions/cel.ts";
import type { Matcher } from "../expressions/matchers.ts";
import type { Template } from "../expressions/templates.ts";
import type { Guards } from "../runbooks/guards.ts";

/** `observe` says what would be done, `approve` asks a person first, `auto` does it. */
export const MODES = ["observe", "approve", "auto"] as const;
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

/** Values of a runbook's inputs, each as written or as a template over the alert. */
export type With = ReadonlyMap<string, Template | string | number | boolean>;

export interface RuleGuards extends Guards {
  /** From the end of a run of the rule for a group: no other one for that group. */
  readonly cooldownMs: number | null;
  readonly breaker: Breaker | null;
}

/** After `failures` runs in `withinMs` that failed or had no effect, the rule only observes until it is reset. */
export interface Breaker {
  readonly failures: number;
  readonly withinMs: number;
  readonly resetAfterMs: number;
}

/** What is done while the alert still fires after the rule's own runbook: another runbook, or a person is told. */
export type Rung =
  | {
      readonly kind: "run";
      readonly runbook: string;
      /** Null: as the rule's. */
      readonly mode: Mode | null;
      readonly with: With;
    }
  | {
      readonly kind: "tell";
      readonly to: string;
      readonly title: Template | string | null;
      readonly text: Template | string;
    };

/** What the end of an alert means for the runs it started. */
export type OnResolve =
  | { readonly kind: "cancel_pending" | "let_finish" | "cancel" }
  | { readonly kind: "run"; readonly runbook: string; readonly with: With };

/** A checked rule. Times in milliseconds. */
export interface Rule {
  readonly name: string;
  readonly mode: Mode;
  readonly source: string | null;
  readonly matchers: readonly Matcher[];
  readonly if: Expression | null;
  /** Firing this long, by our clock, before anything starts. */
  readonly afterMs: number;
  /** Names of labels; null to group by the alert's identity. */
  readonly groupBy: readonly string[] | null;
  /** Collects members of a group before its run starts. */
  readonly batch: { readonly waitMs: number; readonly max: number };
  /** Matches only once so many alerts of the group opened in this time. */
  readonly whenCount: { readonly min: number; readonly withinMs: number } | null;
  /** Null: the rule only observes that alerts matched, and has no runbook (the catch-all). */
  readonly runbook: string | null;
  readonly with: With;
  /** `active` and `mute` of the rule itself are here as well. */
  readonly guards: RuleGuards;
  readonly verify: Verification;
  readonly onResolve: OnResolve;
  /** In the order in which they are climbed; the rule's own runbook stands before the first. */
  readonly ladder: readonly Rung[];
  /** How long a group that relapses goes on at the next rung instead of beginning anew. */
  readonly ladderMemoryMs: number;
  /** The alert is silenced at its source while a run is under way, for so long at most; null: it is not. */
  readonly silenceForMs: number | null;
  readonly continue: boolean;
  /** Whether it may match test and meta alerts. */
  readonly meta: boolean;
  /** Who is told of its runs instead of those in the settings; null: those in the settings. */
  readonly notify: readonly { readonly to: string; readonly events: readonly string[] }[] | null;
  readonly file: string;
  readonly line: number;
}
