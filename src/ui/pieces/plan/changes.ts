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
    const what = old === undefined ? `is new: ${step.action}` : differences(old, step);
    return what === "" ? [] : [{ id: step.id, what }];
  });
  const gone = [...earlier.keys()].filter((id) => !later.has(id)).map((id) => ({ id, what: "is gone" }));
  // Each item of a loop has steps of its own: what they have in common is said once.
  const alike = Map.groupBy([...changed, ...gone], ({ what }) => what);
  return [...alike].map(([what, steps]) => `${stepsText(steps.map(({ id }) => id))} ${what}`);
}

function allSteps({ steps, on_failure: onFailure, finally: last }: Plan): Step[] {
  return [...steps, ...onFailure, ...last];
}

/** What of a step is another; empty where nothing is. */
function differences(before: Step, after: Step): string {
  const parts = (
    [
      ["now", before.action, after.action],
      ["now on", before.host, after.host],
      ["now called", before.name, after.name],
      ["now of effect", before.effect, after.effect],
      ["now under the condition", before.if, after.if],
    ] as const
  )
    .filter(([, old, now]) => old !== now)
    .map(([what, old, now]) => `${what}: ${now ?? "nothing"} (before: ${old ?? "nothing"})`);
  const preview = before.preview === after.preview ? [] : ["now with another preview"];
  const all = [...parts, ...preview];
  return all.length === 0 ? "" : `is ${all.join("; ")}`;
}

const NAMED_MAX = 3;

function stepsText(ids: readonly string[]): string {
  const named = ids.slice(0, NAMED_MAX).join(", ");
  if (ids.length === 1) return `Step ${named}`;
  return ids.length > NAMED_MAX ? `Each of ${named} and ${ids.length - NAMED_MAX} more` : `Each of ${named}`;
}
