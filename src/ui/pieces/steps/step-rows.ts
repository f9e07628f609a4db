import type { Step } from "../../api/types.ts";

/** What stands in one line of the list: a step, or the name of what the steps below it are for (an item of a loop). */
export type StepRow =
  | { readonly kind: "step"; readonly step: Step; readonly name: string; readonly depth: number }
  | { readonly kind: "group"; readonly path: string; readonly name: string; readonly depth: number };

export interface StepRows {
  readonly rows: readonly StepRow[];
  /** Steps inside of others that are left out, since nothing has to be looked at there. */
  readonly hidden: number;
}

/** A longer list shows of what is inside of other steps only what is going on or went wrong. */
const SHOWN_MAX = 60;
const QUIET: ReadonlySet<string> = new Set(["succeeded", "skipped", "pending"]);

/**
 * The steps in their order. One inside of another goes by its path, `roll/web-1/restart`: it stands below `roll` and `web-1`, under its
 * own name. `isAll`: with those that would be left out; what is open is never left out.
 */
export function stepRows(steps: readonly Step[], isAll: boolean, open: ReadonlySet<string>): StepRows {
  const ids = new Set(steps.map(({ id }) => id));
  const isShown = ({ id, status }: Step) =>
    isAll || steps.length <= SHOWN_MAX || !id.includes("/") || open.has(id) || !QUIET.has(status);
  const shown = steps.filter(isShown);
  const rows: StepRow[] = [];
  let last: readonly string[] = [];
  for (const step of shown) {
    const parts = step.id.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join("/");
      const isNew = parts.slice(0, depth).some((part, at) => part !== last[at]);
      if (isNew && !ids.has(path))
        rows.push({ kind: "group", path, name: parts[depth - 1] ?? "", depth: depth - 1 });
    }
    rows.push({ kind: "step", step, name: parts.at(-1) ?? step.id, depth: parts.length - 1 });
    last = parts;
  }
  return { rows, hidden: steps.length - shown.length };
}
