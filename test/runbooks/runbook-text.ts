import type { FileProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";
import { compileRunbook, loadRunbook } from "../../src/runbooks/load.ts";
import type { Runbook, Step } from "../../src/runbooks/runbook.ts";

/** A runbook with these steps (YAML, from column 0) and inputs (YAML in flow style). */
export function runbookOf(steps: string, inputs = "{}", more = "", name = "example"): Runbook {
  return compileRunbook(textOf(steps, inputs, more, name), `${name}.yml`);
}

/** What is wrong with a runbook with these steps. */
export function problemsOf(steps: string, inputs = "{}"): readonly FileProblem[] {
  const problems: FileProblem[] = [];
  const file = YamlFile.parse("example.yml", textOf(steps, inputs, "", "example"), problems);
  if (file !== undefined) loadRunbook(file, problems);
  return problems;
}

function textOf(steps: string, inputs: string, more: string, name: string): string {
  const indented = steps.trim().replaceAll(/^/gm, "  ");
  return `name: ${name}\ninputs: ${inputs}\nsteps:\n${indented}\n${more}`;
}

/** Its only step. */
export function stepOf(step: string, inputs = "{}"): Step {
  const [only] = runbookOf(step, inputs).steps;
  if (only === undefined) throw new Error("the runbook has no step");
  return only;
}
