import type { FieldPath, Reference } from "../expressions/expression.ts";
import { closestWord } from "../platform/problems.ts";
import type { Draft } from "./draft.ts";
import {
  declaredSecrets,
  loopNames,
  type Place,
  resultFields,
  type VisibleStep,
  visibleSteps,
} from "./scope.ts";

/** What is wrong with one field that an expression reads. */
export interface ReferenceProblem {
  readonly code: "expression-unknown-name" | "may-be-missing" | "secret-not-here" | "secret-on-command-line";
  readonly message: string;
}

/** Fields that are known to be there, because the step's `if` asked for them. */
export type Present = readonly FieldPath[];

/** Checks that a field exists at this place, and that a value that may be missing is allowed to be. */
export function referenceProblem(
  draft: Draft,
  place: Place,
  reference: Reference,
  present: Present,
): ReferenceProblem | undefined {
  const [root, name] = reference.path;
  if (root === "secrets") return namedSecretProblem(draft, place, name);
  const isGuarded = reference.isGuarded || present.some((path) => startsWith(reference.path, path));
  if (root !== undefined && loopNames(draft).has(root)) return undefined;
  if (place.kind === "target" && root !== "inputs") {
    const message =
      "the host of a step is chosen before the run starts, so a target may use inputs, and the item of a for_each";
    return { code: "expression-unknown-name", message };
  }
  if (place.kind === "with" && root !== "inputs") {
    const message =
      "what a called runbook gets is bound before the run starts, when no step has run, so with may use inputs, and the item of a for_each";
    return { code: "expression-unknown-name", message };
  }
  if (place.kind === "show_if" && root !== "inputs") {
    const message = "an input is asked for before there is a run, so show_if may use inputs only";
    return { code: "expression-unknown-name", message };
  }
  if (place.kind === "approval" && root !== "inputs" && (root !== "run" || name !== "trigger")) {
    const message = "people are asked before there is a run, so when may use inputs and run.trigger only";
    return { code: "expression-unknown-name", message };
  }
  if (place.kind === "assert" && root !== "inputs" && (root !== "value" || !place.hasValue)) {
    const message =
      root === "value"
        ? "there is no value here: only an assert with prometheus has one"
        : "an assert is judged before the run starts, so it may use inputs and its value only";
    return { code: "expression-unknown-name", message };
  }
  if (root === "inputs") {
    const problem = secretProblem(draft, place, reference) ?? orderProblem(draft, place, name);
    if (problem !== undefined) return problem;
  }
  if (name === undefined) return undefined;
  if (root === "inputs") return inputProblem(draft, name, isGuarded);
  if (root === "steps") return stepProblem(draft, place, reference.path, isGuarded);
  return undefined;
}

function startsWith(path: FieldPath, prefix: FieldPath): boolean {
  return prefix.length <= path.length && prefix.every((part, index) => part === path[index]);
}

/** A secret goes only where nobody reads it but the program or service it is for. */
function secretProblem(draft: Draft, place: Place, { path }: Reference): ReferenceProblem | undefined {
  const [, name] = path;
  const secrets = [...draft.inputs].filter(([, input]) => input?.type === "secret");
  const [first] = secrets[0] ?? [];
  if (first === undefined) return undefined;
  if (name === undefined) {
    const message = `"inputs" as a whole has the secret "${first}" in it; name the input that is meant`;
    return { code: "secret-not-here", message };
  }
  if (draft.inputs.get(name)?.type !== "secret") return undefined;
  if (place.kind === "step" && place.mayReadSecrets === true) return undefined;
  if (place.kind === "with" && place.handsOn) return undefined;
  if (place.kind === "with") {
    const message = `input "${name}" is a secret; it is handed on as a whole, to an input that is a secret: "\${{ inputs.${name} }}"`;
    return { code: "secret-not-here", message };
  }
  const message = `input "${name}" is a secret; it may stand in env, in headers and the body of http, and in what put writes, and nowhere else`;
  return { code: "secret-not-here", message };
}

/** `secrets.NAME`: only what the runbook itself lists, and only where {@link secretProblem} allows secrets. */
function namedSecretProblem(
  draft: Draft,
  place: Place,
  name: string | undefined,
): ReferenceProblem | undefined {
  const text = name === undefined ? "a secret" : `secrets.${name}`;
  if (place.kind === "with") {
    const message = `${text} is not handed on; the runbook that is called asks for it itself, by its own secrets`;
    return { code: "secret-not-here", message };
  }
  const verb = place.kind === "step" ? place.step.action?.verb : undefined;
  const isOnCommandLine = place.kind === "step" && place.mayReadSecrets === false;
  if (isOnCommandLine && (verb === "command" || verb === "collect")) {
    const variable = name ?? "NAME";
    const message = `${text} on a command line is seen by everybody on the host; pass it through env: {${variable}: "\${{ secrets.${variable} }}"}, and read it from there`;
    return { code: "secret-on-command-line", message };
  }
  if (place.kind !== "step" || place.mayReadSecrets !== true) {
    const message = `${text} may stand in env, in headers and the body of http, and in what put writes, and nowhere else`;
    return { code: "secret-not-here", message };
  }
  if (name === undefined) {
    const message =
      '"secrets" as a whole cannot be used; name the secret that is meant, such as secrets.NAME';
    return { code: "secret-not-here", message };
  }
  const declared = declaredSecrets(draft);
  if (declared.includes(name)) return undefined;
  const asks = `the runbook does not ask for the secret "${name}"; add it to its secrets: [${[...declared, name].join(", ")}]`;
  const meant = closestWord(name, declared);
  const message =
    meant === undefined ? asks : `the runbook has no secret "${name}"; did you mean "${meant}"?`;
  return { code: "expression-unknown-name", message };
}

/** Whether an input is asked for depends on those that stand before it, so that there is no circle. */
function orderProblem(draft: Draft, place: Place, name: string | undefined): ReferenceProblem | undefined {
  if (place.kind !== "show_if") return undefined;
  if (name === undefined) {
    const message = 'show_if cannot read "inputs" as a whole; name the inputs that are meant';
    return { code: "expression-unknown-name", message };
  }
  const names = [...draft.inputs.keys()];
  if (names.indexOf(name) < names.indexOf(place.input)) return undefined;
  const message = `input "${name}" does not stand before "${place.input}", so show_if cannot use it; move it up`;
  return { code: "expression-unknown-name", message };
}

function inputProblem(draft: Draft, name: string, isGuarded: boolean): ReferenceProblem | undefined {
  if (!draft.inputs.has(name))
    return unknown(`there is no input "${name}"`, name, draft.inputs.keys(), "inputs");
  const input = draft.inputs.get(name);
  if (isGuarded || input === undefined || input.isRequired || input.default !== undefined) return undefined;
  const message = `input "${name}" may be left out; read it with inputs.?${name}.orValue(...), or give it a default`;
  return { code: "may-be-missing", message };
}

function stepProblem(
  draft: Draft,
  place: Place,
  path: FieldPath,
  isGuarded: boolean,
): ReferenceProblem | undefined {
  const [, id = "", field, output] = path;
  const visible = visibleSteps(draft, place);
  const seen = visible.get(id);
  if (seen === undefined) return notVisible(draft, place, id, visible);
  const fields = resultFields(seen.step);
  if (fields === undefined || field === undefined) return undefined;
  if (!Object.hasOwn(fields, field))
    return unknown(`step "${id}" (${verbOf(seen)}) has no "${field}"`, field, Object.keys(fields), "fields");
  const outputs = Object.keys(seen.step.entry?.outputs ?? {});
  if (field === "outputs" && output !== undefined && !outputs.includes(output))
    return unknown(`step "${id}" has no output "${output}"`, output, outputs, "outputs");
  return isGuarded ? undefined : mayBeMissing(seen, field, output);
}

function verbOf(seen: VisibleStep): string {
  return seen.step.action?.verb ?? "";
}

function notVisible(
  draft: Draft,
  place: Place,
  id: string,
  visible: ReadonlyMap<string, VisibleStep>,
): ReferenceProblem {
  if ("step" in place && place.step.id === id) {
    const own = place.kind === "result" ? "; read its own result by name, such as stdout or response" : "";
    return { code: "expression-unknown-name", message: `step "${id}" has no result yet here${own}` };
  }
  if (draft.steps.some((step) => step.id === id))
    return {
      code: "expression-unknown-name",
      message: `step "${id}" comes later, so it has no result yet here`,
    };
  return unknown(`there is no step "${id}"`, id, visible.keys(), "steps that can be read here");
}

function unknown(text: string, word: string, known: Iterable<string>, what: string): ReferenceProblem {
  const names = [...known];
  const meant = closestWord(word, names);
  const advice = meant === undefined ? `${what}: ${names.join(", ") || "none"}` : `did you mean "${meant}"?`;
  return { code: "expression-unknown-name", message: `${text}; ${advice}` };
}

/** `status` is always there. A step that failed has its output; one that was skipped has nothing. */
function mayBeMissing(
  seen: VisibleStep,
  field: string,
  output: string | undefined,
): ReferenceProblem | undefined {
  const isAlwaysThere = field === "status" || (!seen.maySkip && (field === "stdout" || field === "duration"));
  if (isAlwaysThere || (!seen.maySkip && !seen.mayFail)) return undefined;
  const { id } = seen.step;
  const why = seen.maySkip ? "may not have run" : "may have failed";
  const path = field === "outputs" && output !== undefined ? `outputs.?${output}` : `?${field}`;
  const message = `step "${id}" ${why}, so this value may be missing; read it with steps.${id}.${path}.orValue(...)`;
  return { code: "may-be-missing", message };
}
