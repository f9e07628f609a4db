import type { GuardsSpec } from "./guards-rules.ts";

// What the model of the guards is given, and what it remembers.

export interface ModelGuards extends Omit<GuardsSpec, "budget"> {
  /** In hosts whose names begin with their role. */
  readonly budget?: { readonly role: string; readonly max: number; readonly withinMs: number };
}

export interface ModelRule extends ModelGuards {
  readonly name: string;
  readonly runbook: string;
}

export interface ModelRunbook extends ModelGuards {
  readonly name: string;
  /** It changes the host that its alert names. */
  readonly hasHost?: boolean;
  readonly takesMs: number;
}

export interface ModelOptions {
  readonly rules: readonly ModelRule[];
  readonly runbooks: readonly ModelRunbook[];
  /** How long a run waits in line. */
  readonly waitMs: number;
  readonly runsMax: number;
}

/** An alert of one rule; a host where the rule's runbook changes one. */
export interface ModelAlert {
  readonly rule: string;
  readonly id: string;
}

export interface Episode {
  readonly alert: ModelAlert;
  readonly openedAtMs: number;
  isOpen: boolean;
  /** `kind reason` of the last judgement; null before the first. */
  last: string | null;
  timerAtMs: number | null;
  timerNumber: number;
}

export interface ModelRun {
  readonly episode: Episode;
  readonly rule: ModelRule;
  readonly runbook: ModelRunbook;
  readonly createdAtMs: number;
  state: "queued" | "running" | "ended" | "cancelled";
  startedAtMs: number | null;
  endedAtMs: number | null;
  heldUntilMs: number | null;
  heldReason: string | null;
}
