import { formatDurationMs, parseDurationMs } from "../platform/durations.ts";
import type { Input } from "../runbooks/inputs.ts";
import type { InputValue } from "../runbooks/inputs/kind.ts";
import type { Plan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";

/**
 * The inputs of a run as a new start takes them, with those that are `given` in their place. What a plan does not hold (secrets and
 * files) is left out, so that the start asks for it.
 */
export function rerunInputs(
  plan: Pick<Plan, "inputs" | "secretInputs">,
  runbook: Pick<Runbook, "inputs"> | undefined,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const kept = Object.entries(plan.inputs).flatMap(([name, value]) => {
    if (plan.secretInputs?.includes(name) === true || isFile(value)) return [];
    const input = runbook?.inputs.get(name);
    // One that may not be given while it is hidden has its default then.
    if (input !== undefined && input.showIf !== null && isDefault(input, value)) return [];
    const isDuration = input?.type === "duration" && typeof value === "number";
    return [[name, isDuration ? formatDurationMs(value) : value] as const];
  });
  return { ...Object.fromEntries(kept), ...given };
}

/** Inputs that the run was given and nobody keeps, and that are not `given` again: without them it would do something else. */
export function missingInputs(
  { inputs, secretInputs = [] }: Pick<Plan, "inputs" | "secretInputs">,
  runbook: Pick<Runbook, "inputs"> | undefined,
  given: Readonly<Record<string, unknown>>,
): string[] {
  const files = Object.keys(inputs).filter((name) => isFile(inputs[name] ?? null));
  return [...new Set([...secretInputs, ...files])].filter(
    (name) => runbook?.inputs.has(name) === true && given[name] === undefined,
  );
}

function isFile(value: InputValue | null): boolean {
  return typeof value === "object" && value !== null && "sha256" in value;
}

function isDefault(input: Input, value: InputValue): boolean {
  const preset = input.default;
  const isDuration = input.type === "duration" && typeof preset === "string";
  return JSON.stringify(isDuration ? parseDurationMs(preset) : preset) === JSON.stringify(value);
}
