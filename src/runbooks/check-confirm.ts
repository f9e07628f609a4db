import { closestWord, type FileProblem } from "../platform/problems.ts";
import { recordOf } from "../platform/yaml.ts";
import type { Draft } from "./draft.ts";
import type { InputTypeName } from "./inputs/types.ts";
import type { PlannedInputs } from "./planned-inputs.ts";
import type { Runbook } from "./runbook.ts";

/** Types whose values people can type as they stand. */
const TYPED: ReadonlySet<InputTypeName> = new Set(["string", "integer", "choice", "host", "date"]);

/** `confirm: {type_value_of: …}` names an input that always has a value which can be typed. */
export function checkConfirm(draft: Draft, problems: FileProblem[]): void {
  const name = recordOf(draft.raw["confirm"])["type_value_of"];
  if (typeof name !== "string" || name === "") return;
  const message = confirmProblem(draft, name);
  if (message === undefined) return;
  const path = ["confirm", "type_value_of"];
  problems.push(draft.file.problem(path, "invalid-value", message));
}

function confirmProblem(draft: Draft, name: string): string | undefined {
  if (!draft.inputs.has(name)) {
    const meant = closestWord(name, [...draft.inputs.keys()]);
    const advice = meant === undefined ? "name one of the inputs" : `did you mean "${meant}"?`;
    return `there is no input "${name}"; ${advice}`;
  }
  const input = draft.inputs.get(name);
  // Its own problem is told where it stands.
  if (input === undefined) return undefined;
  if (!TYPED.has(input.type))
    return `nobody can type the value of an input of type "${input.type}"; name one of type ${[...TYPED].join(", ")}`;
  if (!input.isRequired && input.default === undefined)
    return `the input "${name}" may have no value; make it required, or give it a default`;
  return undefined;
}

/** What a person types before a run of the runbook starts. */
export interface Confirmation {
  readonly input: string;
  readonly value: string;
}

/** Null when nothing is to be typed. */
export function confirmationOf(
  { confirm }: Pick<Runbook, "confirm">,
  { inputs }: Pick<PlannedInputs, "inputs">,
): Confirmation | null {
  if (confirm === null) return null;
  const value = inputs[confirm];
  return { input: confirm, value: typeof value === "object" ? JSON.stringify(value) : String(value) };
}
