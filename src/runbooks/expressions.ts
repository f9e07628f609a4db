import { compileExpression } from "../expressions/cel.ts";
import { type Expression, ExpressionError, type Reference } from "../expressions/expression.ts";
import { compileTemplate, hasTemplate, type Template } from "../expressions/templates.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path } from "../platform/yaml.ts";
import type { Draft } from "./draft.ts";
import { textPartsOf } from "./inputs/types.ts";
import { type Present, referenceProblem } from "./references.ts";
import { type Place, type Scopes } from "./scope.ts";

/** What the checks of one runbook share. */
export interface Checking {
  readonly draft: Draft;
  readonly scopes: Scopes;
  readonly problems: FileProblem[];
  /** Every distinct templated string so far. */
  readonly templates: Map<string, Template>;
}

/** An expression or a template, with where it stands in the file and in the run. */
export interface Source {
  readonly path: Path;
  readonly text: string;
  /** Where the text begins in what stands at the path, when that is more than the text. */
  readonly at?: number;
  readonly place: Place;
  readonly present: Present;
}

/** Compiles an expression, or pushes what is wrong with it. */
export function checkExpression(
  checking: Checking,
  source: Source,
  result?: "bool" | "string",
): Expression | undefined {
  if (hasTemplate(source.text)) {
    const at = source.text.indexOf("${{");
    push(checking, source, "template-not-here", "this is an expression already; write it without ${{ }}", {
      start: at,
      end: at + 3,
    });
    return undefined;
  }
  return compileChecked(checking, source, (isLoose) =>
    compileExpression(
      source.text,
      isLoose ? checking.scopes.loose : scopeAt(checking, source.place),
      isLoose ? undefined : result,
    ),
  );
}

/** Compiles a text with `${{ }}` in it and keeps it, or pushes what is wrong. `isText`: the value must have a text form. */
export function checkTemplate(checking: Checking, source: Source, isText: boolean): Template | undefined {
  if (!hasTemplate(source.text)) return undefined;
  const template = compileChecked(checking, source, (isLoose) =>
    compileTemplate(source.text, isLoose ? checking.scopes.loose : scopeAt(checking, source.place)),
  );
  if (template === undefined) return undefined;
  checking.templates.set(source.text, template);
  if (isText) checkTextForm(checking, source, template);
  return template;
}

function scopeAt(checking: Checking, place: Place) {
  if (place.kind === "show_if") return checking.scopes.assert;
  if (place.kind === "approval") return checking.scopes.approval;
  if (place.kind === "assert") return place.hasValue ? checking.scopes.assertValue : checking.scopes.assert;
  return place.kind === "result" && place.step.action !== undefined
    ? checking.scopes.results[place.step.action.verb]
    : checking.scopes.run;
}

/** Where the types do not fit, it is compiled again without types, to say more about a name that is wrong. */
function compileChecked<Compiled extends { readonly references: readonly Reference[] }>(
  checking: Checking,
  source: Source,
  compile: (isLoose: boolean) => Compiled,
): Compiled | undefined {
  const compiled = attempt(() => compile(false));
  const known = compiled instanceof ExpressionError ? attempt(() => compile(true)) : compiled;
  const references = known instanceof ExpressionError ? [] : known.references;
  const wrong = references.filter((reference) => !checkReference(checking, source, reference));
  if (!(compiled instanceof ExpressionError)) return wrong.length === 0 ? compiled : undefined;
  const isSaid = wrong.some(({ start, end }) => start <= compiled.start && compiled.start < end);
  if (!isSaid) push(checking, source, `expression-${compiled.code}`, compiled.message, compiled);
  return undefined;
}

function attempt<Compiled>(compile: () => Compiled): Compiled | ExpressionError {
  try {
    return compile();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

function checkReference(checking: Checking, source: Source, reference: Reference): boolean {
  const problem = referenceProblem(checking.draft, source.place, reference, source.present);
  if (problem !== undefined) push(checking, source, problem.code, problem.message, reference);
  return problem === undefined;
}

/** An object has no text form: which part of it is meant must be said. */
function checkTextForm(checking: Checking, source: Source, template: Template): void {
  for (const reference of template.references) {
    const [root, name] = reference.path;
    if (root !== "inputs" || reference.path.length !== 2 || name === undefined) continue;
    const input = checking.draft.inputs.get(name);
    const [first, second] = input === undefined ? [] : textPartsOf(input);
    if (input === undefined || first === undefined) continue;
    const before = source.text.slice(0, reference.start).trimEnd();
    const after = source.text.slice(reference.end).trimStart();
    if (!before.endsWith("${{") || !after.startsWith("}}")) continue;
    const parts = `inputs.${name}.${first} or inputs.${name}.${second}`;
    const message = `input "${name}" is a ${input.type}; say which part of it: ${parts}`;
    push(checking, source, "not-text", message, reference);
  }
}

function push(
  checking: Checking,
  source: Source,
  code: string,
  message: string,
  at: { readonly start: number; readonly end: number },
): void {
  const place = { offset: at.start + (source.at ?? 0), length: Math.max(1, at.end - at.start) };
  checking.problems.push(checking.draft.file.problem(source.path, code, message, place));
}
