import { compileExpression, type Expression, ExpressionError, type Scope } from "../expressions/cel.ts";
import { expressionProblem } from "../expressions/expression-problem.ts";
import { compileTemplate, hasTemplate, type Template } from "../expressions/templates.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { type Guarantees, mayBeMissing } from "./presence.ts";

/** Where the rule being read stands, and where its problems go. */
export interface Place {
  readonly file: YamlFile;
  readonly path: Path;
  readonly problems: FileProblem[];
}

export interface Finding {
  readonly code: string;
  readonly message: string;
  /** The caret marks the key rather than its value. */
  readonly onKey?: boolean;
}

export function report(place: Place, path: Path, { code, message, onKey = false }: Finding): void {
  place.problems.push(place.file.problem([...place.path, ...path], code, message, { onKey }));
}

/** Compiles a condition that stands in the file as text; null, with the problem pushed, when it does not compile. */
export function compileCondition(place: Place, path: Path, source: unknown, scope: Scope): Expression | null {
  if (typeof source !== "string" || source === "") return null;
  if (hasTemplate(source)) {
    const message = "this is an expression already; write it without ${{ }}";
    const at = { offset: source.indexOf("${{"), length: 3 };
    place.problems.push(place.file.problem([...place.path, ...path], "template-not-here", message, at));
    return null;
  }
  return attempt(place, path, () => compileExpression(source, scope, "bool"));
}

/** What a text needs to be checked against. */
export interface TextScope {
  readonly scope: Scope;
  readonly guarantees: Guarantees;
}

/** A text with its templates compiled, or as it is; null, with the problem pushed, when one does not compile. */
export function compileText(
  place: Place,
  path: Path,
  source: string,
  { scope, guarantees }: TextScope,
): Template | string | null {
  if (!hasTemplate(source)) return source;
  const template = attempt(place, path, () => compileTemplate(source, scope));
  checkPresence(place, path, template, guarantees);
  return template;
}

/** Reports each field that an alert of the rule may lack and that nothing asks for. */
export function checkPresence(
  place: Place,
  path: Path,
  compiled: Expression | Template | null,
  guarantees: Guarantees,
): void {
  for (const reference of compiled?.references ?? []) {
    const missing = mayBeMissing(reference, guarantees);
    if (missing === undefined) continue;
    place.problems.push(
      place.file.problem([...place.path, ...path], missing.code, missing.message, {
        offset: reference.start,
        length: reference.end - reference.start,
      }),
    );
  }
}

function attempt<Value>(place: Place, path: Path, action: () => Value): Value | null {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    place.problems.push(expressionProblem(place.file, [...place.path, ...path], error));
    return null;
  }
}
