import type { BoundInputs } from "./inputs.ts";
import type { InputValue, Option } from "./inputs/kind.ts";

/** Bound inputs, as they are stored. */
export interface PlannedInputs {
  /** A host input holds the host's name, a duration its milliseconds, a secret its seal. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** Which of the inputs name a host or a list of them, sorted. */
  readonly hostInputs: readonly string[];
  /** The rows that were chosen, of inputs whose options come from a file; left out when there are none. */
  readonly rows?: Readonly<Record<string, readonly Option[]>>;
  /** Which of the inputs are secrets, sorted; left out when none is. */
  readonly secretInputs?: readonly string[];
  /** Of a called runbook: by its secrets and files, the input of the run that each was given by; left out when there are none. */
  readonly handedOn?: Readonly<Record<string, string>>;
}

/** A runbook that a step calls. */
export interface PlannedCall extends PlannedInputs {
  readonly runbook: { readonly name: string; readonly digest: string };
}

/** What a plan keeps of bound inputs. */
export function toPlannedInputs(bound: Extract<BoundInputs, { ok: true }>): PlannedInputs {
  return {
    inputs: bound.values,
    hostInputs: [...bound.hosts.keys()].sort(),
    ...(bound.rows.size === 0 ? {} : { rows: Object.fromEntries(bound.rows) }),
    ...(bound.secretInputs.length === 0 ? {} : { secretInputs: bound.secretInputs.toSorted() }),
  };
}
