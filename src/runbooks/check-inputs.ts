import { Inventory } from "../hosts/inventory.ts";
import { closestWord, type FileProblem } from "../platform/problems.ts";
import type { Draft } from "./draft.ts";
import { bindInput, type Input, inputTypeProblem } from "./inputs.ts";
import { INPUT_NAME, INPUT_TYPES, PLANNED_INPUT_TYPES } from "./input-schema.ts";

/** What the schema cannot say about inputs: types of a later version, patterns, limits that contradict, defaults that do not fit. */
export function checkInputs(draft: Draft, problems: FileProblem[]): void {
  for (const [name, input] of draft.inputs) {
    if (!INPUT_NAME.test(name)) {
      const message = "an input's name has a-z, 0-9 and _, and begins with a letter";
      problems.push(draft.file.problem(["inputs", name], "invalid-value", message, { onKey: true }));
    }
    if (input === undefined) checkType(draft, name, problems);
    else checkInput(draft, input, problems);
  }
}

function checkType(draft: Draft, name: string, problems: FileProblem[]): void {
  const entry = (draft.raw["inputs"] as Record<string, unknown>)[name];
  const type = typeof entry === "object" && entry !== null && "type" in entry ? entry.type : undefined;
  if (typeof type !== "string" || INPUT_TYPES.some((known) => known === type)) return;
  const path = ["inputs", name, "type"];
  if (PLANNED_INPUT_TYPES.has(type)) {
    const message = `this version of Nightshift does not have inputs of type "${type}" yet`;
    problems.push(draft.file.problem(path, "not-available", message));
    return;
  }
  const meant = closestWord(type, INPUT_TYPES);
  const advice = meant === undefined ? `types: ${INPUT_TYPES.join(", ")}` : `did you mean "${meant}"?`;
  problems.push(draft.file.problem(path, "invalid-value", `there is no input type "${type}"; ${advice}`));
}

function checkInput(draft: Draft, input: Input, problems: FileProblem[]): void {
  const wrong = inputTypeProblem(input) ?? limitsProblem(input) ?? defaultProblem(input);
  if (wrong === undefined) return;
  const place = wrong.offset === undefined ? {} : { offset: wrong.offset, length: 1 };
  problems.push(draft.file.problem(["inputs", input.name, wrong.key], "invalid-value", wrong.message, place));
}

interface Wrong {
  readonly key: string;
  /** Characters into the value where it begins to be wrong. */
  readonly offset?: number;
  readonly message: string;
}

function limitsProblem(input: Input): Wrong | undefined {
  if (input.type === "integer" && input.min !== null && input.max !== null && input.min > input.max)
    return { key: "max", message: "max is less than min" };
  if (input.type === "string" && input.lengthMin > input.lengthMax)
    return { key: "max_length", message: "max_length is less than min_length" };
  if (input.type === "choice" && new Set(input.options).size < input.options.length)
    return { key: "options", message: "an option stands there twice" };
  return undefined;
}

/** A default that names a host is checked with the inventory, by the catalog. */
function defaultProblem(input: Input): Wrong | undefined {
  if (input.default === undefined || input.type === "host") return undefined;
  const bound = bindInput(input, input.default, new Inventory([]));
  return "code" in bound
    ? { key: "default", message: `the default does not fit: ${bound.message}` }
    : undefined;
}
