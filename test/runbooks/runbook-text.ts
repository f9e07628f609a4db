import { compileRunbook } from "../../src/runbooks/load.ts";
import type { Runbook, Step } from "../../src/runbooks/runbook.ts";

/** A runbook with these steps (YAML, from column 0) and inputs (YAML in flow style). */
export function runbookOf(steps: string, inputs = "{}", more = ""): Runbook {
  const indented = steps.trim().replaceAll(/^/gm, "  ");
  return compileRunbook(`name: example\ninputs: ${inputs}\nsteps:\n${indented}\n${more}`, "example.yml");
}

/** Its only step. */
export function stepOf(step: string, inputs = "{}"): Step {
  const [only] = runbookOf(step, inputs).steps;
  if (only === undefined) throw new Error("the runbook has no step");
  return only;
}
