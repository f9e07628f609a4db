import type { Expression } from "../expressions/expression.ts";
import { hasTemplate } from "../expressions/templates.ts";
import { Inventory } from "../hosts/inventory.ts";
import { closestWord, type FileProblem } from "../platform/problems.ts";
import { recordOf } from "../platform/yaml.ts";
import type { Draft } from "./draft.ts";
import { type Checking, checkExpression } from "./expressions.ts";
import { INPUT_NAME, inputSchema } from "./input-schema.ts";
import { bindInput, type Input } from "./inputs.ts";
import type { Wrong } from "./inputs/kind.ts";
import { INPUT_TYPES, typeProblem } from "./inputs/types.ts";

/** What the schema cannot say about inputs: patterns, limits that contradict, defaults that do not fit. */
export function checkInputs(draft: Draft, problems: FileProblem[]): void {
  for (const [name, input] of draft.inputs) {
    if (!INPUT_NAME.test(name)) {
      const message = "an input's name has a-z, 0-9 and _, and begins with a letter";
      problems.push(draft.file.problem(["inputs", name], "invalid-value", message, { onKey: true }));
    }
    checkTexts(draft, name, problems);
    if (input === undefined) {
      checkType(draft, name, problems);
      checkKeys(draft, name, problems);
    } else checkInput(draft, input, problems);
  }
}

function checkTexts(draft: Draft, name: string, problems: FileProblem[]): void {
  const entry = recordOf(recordOf(draft.raw["inputs"])[name]);
  for (const key of ["title", "help", "placeholder"]) {
    const text = entry[key];
    if (typeof text !== "string" || !hasTemplate(text)) continue;
    const message = `an input's ${key} is a fixed text`;
    problems.push(draft.file.problem(["inputs", name, key], "template-not-here", message));
  }
}

function checkType(draft: Draft, name: string, problems: FileProblem[]): void {
  const { type } = recordOf(recordOf(draft.raw["inputs"])[name]);
  if (typeof type !== "string" || INPUT_TYPES.some((known) => known === type)) return;
  const meant = closestWord(type, INPUT_TYPES);
  const advice = meant === undefined ? `types: ${INPUT_TYPES.join(", ")}` : `did you mean "${meant}"?`;
  const message = `there is no input type "${type}"; ${advice}`;
  problems.push(draft.file.problem(["inputs", name, "type"], "invalid-value", message));
}

/** Keys that inputs of another type have. */
function checkKeys(draft: Draft, name: string, problems: FileProblem[]): void {
  const entry = recordOf(recordOf(draft.raw["inputs"])[name]);
  const type = String(entry["type"]);
  const keys = new Map<string, readonly string[]>(
    inputSchema.options.map(({ shape }) => [shape.type.value, Object.keys(shape)]),
  );
  const own = keys.get(type);
  if (own === undefined) return;
  for (const key of Object.keys(entry)) {
    const owners = [...keys].filter(([, others]) => others.includes(key)).map(([other]) => other);
    if (own.includes(key) || owners.length === 0) continue;
    const message = `"${key}" does nothing in an input of type "${type}"; it belongs to ${owners.join(", ")}`;
    problems.push(draft.file.problem(["inputs", name, key], "unknown-key", message, { onKey: true }));
  }
}

function checkInput(draft: Draft, input: Input, problems: FileProblem[]): void {
  const wrong = typeProblem(input) ?? hiddenProblem(draft, input);
  if (wrong === undefined) {
    checkDefault(draft, input, problems);
    return;
  }
  const place = wrong.offset === undefined ? {} : { offset: wrong.offset, length: 1 };
  problems.push(draft.file.problem(["inputs", input.name, wrong.key], "invalid-value", wrong.message, place));
}

/** A default that names a host, or an option of a file, is checked where these are known: by the catalog. */
function checkDefault(draft: Draft, input: Input, problems: FileProblem[]): void {
  if (input.default === undefined || needsCatalog(input)) return;
  const bound = bindInput(input, input.default, new Inventory([]));
  for (const { message, index } of bound.ok ? [] : bound.refusals) {
    const path = ["inputs", input.name, "default", ...(index === undefined ? [] : [index])];
    const text = `the default does not fit: ${message}`;
    problems.push(draft.file.problem(path, "invalid-value", text));
  }
}

/** Whether a value can be judged only with the inventory or the rows of a file. */
export function needsCatalog(input: Input): boolean {
  switch (input.type) {
    case "host":
    case "hosts":
      return true;
    case "choice":
    case "multi_choice":
      return input.spec.options_from !== undefined;
    case "string":
    case "integer":
    case "number":
    case "boolean":
    case "duration":
    case "date":
    case "datetime":
    case "secret":
    case "file":
      return false;
  }
}

/** An input that is hidden has no value, so nothing may rely on one. */
function hiddenProblem(draft: Draft, input: Input): Wrong | undefined {
  const entry = recordOf(recordOf(draft.raw["inputs"])[input.name]);
  if (entry["show_if"] === undefined || !input.isRequired || input.default !== undefined) return undefined;
  const message = `where show_if is false the input "${input.name}" has no value; give it a default, or write required: false`;
  return { key: "show_if", message };
}

/** The conditions under which inputs are asked for, by input. What is wrong with one is pushed. */
export function compileShowIfs(checking: Checking): ReadonlyMap<string, Expression> {
  const compiled = new Map<string, Expression>();
  for (const [name, entry] of Object.entries(recordOf(checking.draft.raw["inputs"]))) {
    const text = recordOf(entry)["show_if"];
    if (typeof text !== "string" || text === "") continue;
    const path = ["inputs", name, "show_if"];
    const place = { kind: "show_if", input: name } as const;
    const expression = checkExpression(checking, { path, text, place, present: [] }, "bool");
    if (expression !== undefined) compiled.set(name, expression);
  }
  return compiled;
}
