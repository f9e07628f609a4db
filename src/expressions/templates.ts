import { compileExpression } from "./cel.ts";
import { type Expression, ExpressionError, type Reference, type Scope } from "./expression.ts";

/** A text with `${{ expression }}` parts. */
export interface Template {
  readonly source: string;
  /** References of all its expressions, with offsets in the template's source. */
  readonly references: readonly Reference[];
  /** No expression in it: `render` gives the source. */
  readonly isConstant: boolean;
  /** One expression and nothing else: `render` gives the expression's own value. */
  readonly isWhole: boolean;
  /**
   * A template that is one expression and nothing else gives the expression's own value; any other gives text, in which
   * a missing value is an error and never an empty string. `place`, when given, turns each value of such a text into what
   * may stand after the text before it. Throws ExpressionError.
   */
  render(variables: Readonly<Record<string, unknown>>, place?: PlaceValue): unknown;
}

/** What a value becomes in a text of which `before` stands already. */
export type PlaceValue = (value: string, before: string) => string;

const OPEN = "${{";

/** One expression of a template, and where in the template its source stands. */
interface ExpressionPart {
  readonly expression: Expression;
  readonly offset: number;
}
type Part = string | ExpressionPart;

/** Whether the text has a `${{`. */
export function hasTemplate(text: string): boolean {
  return text.includes(OPEN);
}

/** Compiles and type-checks every expression. Throws ExpressionError with offsets in the template's source. */
export function compileTemplate(source: string, scope: Scope): Template {
  const parts = parseParts(source, scope);
  const [only] = parts;
  const whole = parts.length === 1 && typeof only === "object" ? only : undefined;
  const references = parts.flatMap((part) =>
    typeof part === "string"
      ? []
      : part.expression.references.map((reference) => ({
          ...reference,
          start: reference.start + part.offset,
          end: reference.end + part.offset,
        })),
  );
  return {
    source,
    references,
    isConstant: parts.every((part) => typeof part === "string"),
    isWhole: whole !== undefined,
    render: (variables, place) =>
      whole === undefined ? renderParts(parts, variables, place) : evaluatePart(whole, variables),
  };
}

function parseParts(source: string, scope: Scope): Part[] {
  const parts: Part[] = [];
  let position = 0;
  for (let open = source.indexOf(OPEN); open >= 0; open = source.indexOf(OPEN, position)) {
    if (open > position) parts.push(source.slice(position, open));
    const start = open + OPEN.length;
    const end = expressionEnd(source, start);
    if (end === undefined)
      throw new ExpressionError("syntax", '"${{" has no "}}"', open, Math.min(start, source.length));
    parts.push(compilePart(source, start, end, scope));
    position = end + 2;
  }
  if (position < source.length) parts.push(source.slice(position));
  return parts;
}

function compilePart(source: string, start: number, end: number, scope: Scope): ExpressionPart {
  const text = source.slice(start, end);
  const offset = start + (text.length - text.trimStart().length);
  if (text.trim() === "")
    throw new ExpressionError("syntax", "the expression is empty", start - OPEN.length, end + 2);
  return shifted(offset, () => ({ expression: compileExpression(text.trim(), scope), offset }));
}

/** Where the `}}` stands that closes an expression: not inside a text in quotes, a comment, or a map's braces. */
function expressionEnd(source: string, start: number): number | undefined {
  let depth = 0;
  let position = start;
  while (position < source.length) {
    const character = source.charAt(position);
    if (character === '"' || character === "'") {
      position = quotedEnd(source, position);
      continue;
    }
    if (source.startsWith("//", position)) {
      position = commentEnd(source, position);
      continue;
    }
    if (character === "{") depth += 1;
    if (character === "}") {
      if (depth === 0) return source.charAt(position + 1) === "}" ? position : undefined;
      depth -= 1;
    }
    position += 1;
  }
  return undefined;
}

/** Just after a CEL text literal that begins at `start`; past the end of a source that never closes it. */
export function quotedEnd(source: string, start: number): number {
  const quote = source.charAt(start);
  const isTriple = source.startsWith(quote.repeat(3), start);
  const delimiter = isTriple ? quote.repeat(3) : quote;
  let position = start + delimiter.length;
  while (position < source.length && !source.startsWith(delimiter, position))
    position += source.charAt(position) === "\\" ? 2 : 1;
  return position + delimiter.length;
}

function commentEnd(source: string, start: number): number {
  const ends = [source.indexOf("\n", start), source.indexOf("}}", start)].filter((end) => end >= 0);
  return Math.min(source.length, ...ends);
}

function renderParts(
  parts: readonly Part[],
  variables: Readonly<Record<string, unknown>>,
  place: PlaceValue = (value) => value,
): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const value = renderText(part, variables);
    text += shifted(part.offset, () => place(value, text));
  }
  return text;
}

function evaluatePart(part: ExpressionPart, variables: Readonly<Record<string, unknown>>): unknown {
  return shifted(part.offset, () => part.expression.evaluate(variables));
}

function renderText(part: ExpressionPart, variables: Readonly<Record<string, unknown>>): string {
  const value = evaluatePart(part, variables);
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const { source } = part.expression;
  const end = part.offset + source.length;
  if (value === null || value === undefined)
    throw new ExpressionError("missing", `${source} is missing`, part.offset, end);
  if (isHost(value))
    throw new ExpressionError("type", `${source} is a host: use .name or .address`, part.offset, end);
  return JSON.stringify(value);
}

function isHost(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.hasOwn(value, "name") && Object.hasOwn(value, "address");
}

/** Moves the offsets of an error to where the expression stands in the template. */
function shifted<Value>(offset: number, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(error.code, error.message, error.start + offset, error.end + offset, {
      cause: error.cause,
    });
  }
}
