import { environmentFor } from "./cel-environment.ts";
import { compileExpression, type Expression, ExpressionError, type Reference, type Scope } from "./cel.ts";
import { quotedEnd } from "./templates.ts";

/** Longer values are cut: they are shown to people. */
const SHOWN_LENGTH_MAX = 200;

/** What a field had when an expression was judged, for people. */
export interface ReadValue {
  /** As it is written: `alert.labels.env`. */
  readonly name: string;
  /** JSON of the value, cut at 200 characters; null when it was not there. */
  readonly value: string | null;
}

/**
 * The parts of `a && b && c`, each compiled by itself, in their order; the expression alone when it is no such chain.
 * Together they are true exactly when the expression is.
 */
export function conjunctsOf(expression: Expression, scope: Scope): readonly Expression[] {
  const { source } = expression;
  if (environmentFor(scope).cel.parse(source).ast.op !== "&&") return [expression];
  try {
    return splitAtAnd(source).map((part) => compileExpression(part, scope, "bool"));
  } catch (error) {
    if (error instanceof ExpressionError) return [expression];
    throw error;
  }
}

/** What each field that the expression reads has among these variables, each field once. */
export function readValues(
  references: readonly Reference[],
  variables: Readonly<Record<string, unknown>>,
): ReadValue[] {
  const values = new Map<string, string | null>();
  for (const { path } of references) {
    const name = pathText(path);
    if (!values.has(name)) values.set(name, valueText(valueAt(path, variables)));
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

/** Cuts at every `&&` outside brackets, texts and comments. */
function splitAtAnd(source: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let position = 0;
  while (position < source.length) {
    const character = source.charAt(position);
    if (character === '"' || character === "'") {
      position = quotedEnd(source, position);
      continue;
    }
    if (source.startsWith("//", position)) {
      const end = source.indexOf("\n", position);
      position = end < 0 ? source.length : end;
      continue;
    }
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    const isAnd = depth === 0 && source.startsWith("&&", position);
    if (isAnd) {
      parts.push(source.slice(start, position).trim());
      start = position + 2;
    }
    position += isAnd ? 2 : 1;
  }
  return [...parts, source.slice(start).trim()];
}

function valueAt(path: readonly string[], variables: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = variables;
  for (const name of path) {
    if (value instanceof Map) value = value.get(name);
    else if (typeof value === "object" && value !== null && Object.hasOwn(value, name))
      value = Reflect.get(value, name);
    else return undefined;
  }
  return value;
}

function valueText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof Map ? Object.fromEntries(inner) : inner,
  );
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}

function pathText([first = "", ...rest]: readonly string[]): string {
  const accesses = rest.map((name) =>
    /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`,
  );
  return `${first}${accesses.join("")}`;
}
