import type { Plan } from "../../api/types.ts";

/** More differences than anybody reads one by one. */
const SHOWN_MAX = 20;

/** What a plan does otherwise than the one that was looked at, a line each; at least one. */
export function planChanges(before: Plan, after: Plan): string[] {
  const lines = [
    ...setChanges("host", before.hosts, after.hosts),
    ...inputChanges(before, after),
    ...stepChanges(before, after),
  ];
  // What a runbook says beside its steps, such as a time limit, is part of its plan as well.
  if (lines.length === 0)
    return ["The text of the runbook or of its hosts was changed; the steps are the same."];
  return lines.length > SHOWN_MAX
    ? [...lines.slice(0, SHOWN_MAX), `and ${lines.length - SHOWN_MAX} more`]
    : lines;
}

function setChanges(what: string, before: readonly string[], after: readonly string[]): string[] {
  return [
    ...after.filter((one) => !before.includes(one)).map((one) => `New ${what}: ${one}`),
    ...before.filter((one) => !after.includes(one)).map((one) => `No longer: ${what} ${one}`),
  ];
}

function inputChanges(before: Plan, after: Plan): string[] {
  const names = [...new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)])];
  return names
    .filter((name) => JSON.stringify(before.inputs[name]) !== JSON.stringify(after.inputs[name]))
    .map((name) => `Input ${name} is now ${JSON.stringify(after.inputs[name]) ?? "not given"}`);
}

type Step = Plan["steps"][number];

function stepChanges(before: Plan, after: Plan): string[] {
  const earlier = new Map(allSteps(before).map((step) => [step.id, step]));
  const later = new Set(allSteps(after).map(({ id }) => id));
  const changed = allSteps(after).flatMap((step) => {
    const old = earlier.get(step.id);
    if (old === undefined) return [`New step ${step.id}: ${stepWords(step)}`];
    return stepWords(old) === stepWords(step)
      ? []
      : [`Step ${step.id} is now: ${stepWords(step)}; it was: ${stepWords(old)}`];
  });
  const gone = allSteps(before)
    .filter(({ id }) => !later.has(id))
    .map(({ id }) => `No longer: step ${id}`);
  return [...changed, ...gone];
}

function allSteps({ steps, on_failure: onFailure, finally: last }: Plan): Step[] {
  return [...steps, ...onFailure, ...last];
}

function stepWords({ effect, host, name, action, if: condition, preview }: Step): string {
  const where = host === null ? "" : ` on ${host}`;
  const when = condition === null ? "" : `, if ${condition}`;
  return `${name === null ? "" : `${name}, `}${action}${where} (${effect}${when}${preview === null ? "" : ", with a preview"})`;
}
