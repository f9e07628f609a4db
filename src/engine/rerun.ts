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

function isFile(value: InputValue): boolean {
  return typeof value === "object" && "sha256" in value;
}

function isDefault(input: Input, value: InputValue): boolean {
  const preset = input.default;
  const isDuration = input.type === "duration" && typeof preset === "string";
  return JSON.stringify(isDuration ? parseDurationMs(preset) : preset) === JSON.stringify(value);
}
