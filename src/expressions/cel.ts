import {
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError as CelTypeError,
} from "@marcbachmann/cel-js";
import { environmentFor, plainMessage, type ScopeEnvironment } from "./cel-environment.ts";
import { presentWhen } from "./cel-paths.ts";
import { findReferences } from "./cel-references.ts";
import { type ObjectView, toJson } from "./cel-values.ts";
import { type Expression, ExpressionError, type Scope } from "./expression.ts";
import { compileRe2, type Re2, Re2Error } from "./re2.ts";

export {
  type Expression,
  ExpressionError,
  type ObjectType,
  type Reference,
  type Scope,
  type ValueType,
} from "./expression.ts";

const SOURCE_LENGTH_MAX = 4_096;

/** Errors of cel-js that say a value is not there. */
const MISSING_CODES: ReadonlySet<string> = new Set([
  "no_such_key",
  "unknown_variable",
  "optional_value_missing",
  "index_out_of_bounds",
]);

type ResultType = "bool" | "string";
const RESULT_NAMES = { bool: "true or false", string: "text" } as const;

/**
 * Compiles and type-checks a CEL expression. `result` demands a type of the value. Throws {@link ExpressionError}.
 *
 * Beyond the standard functions there are `re2(text, "pattern")`, which is true when any part of the text matches
 * (anchor it with `^` and `$`), `json(text)`, and the strings extension. `matches()`, `cel.bind()` and loops within
 * loops are refused, since cel-js has no limit on the time an evaluation takes.
 */
export function compileExpression(source: string, scope: Scope, result?: ResultType): Expression {
  const environment = environmentFor(scope);
  const parsed = parse(source, environment);
  const patterns = new Map<string, Re2>();
  const references = findReferences(parsed.ast, {
    scope,
    isBuiltIn: (name) => environment.cel.hasVariable(name),
    onPattern: (pattern, node) => patterns.set(pattern, compilePattern(pattern, node)),
  });
  check(source, parsed, result);
  return {
    source,
    references,
    presentWhenTrue: presentWhen(parsed.ast, true),
    evaluate: (variables) => {
      environment.searches.begin(patterns);
      return ofType(result, evaluate(source, parsed, new environment.Variables(variables)), source);
    },
  };
}

function compilePattern(pattern: string, { start, end }: { start: number; end: number }): Re2 {
  try {
    return compileRe2(pattern);
  } catch (error) {
    if (!(error instanceof Re2Error)) throw error;
    throw new ExpressionError("not-allowed", error.message, start, end, { cause: error });
  }
}

function evaluate(source: string, parsed: ParseResult, variables: ObjectView): unknown {
  try {
    return toJson(parsed(variables));
  } catch (error) {
    throw toExpressionError(error, source, "evaluation");
  }
}

function ofType(result: ResultType | undefined, value: unknown, source: string): unknown {
  if (result === undefined || typeof value === (result === "bool" ? "boolean" : "string")) return value;
  const gave = JSON.stringify(value).slice(0, 100);
  throw new ExpressionError(
    "evaluation",
    `must give ${RESULT_NAMES[result]}, but gave ${gave}`,
    0,
    source.length,
  );
}

function parse(source: string, environment: ScopeEnvironment): ParseResult {
  if (source.length > SOURCE_LENGTH_MAX)
    throw new ExpressionError(
      "syntax",
      `the expression is longer than ${SOURCE_LENGTH_MAX} characters`,
      0,
      1,
    );
  if (source.trim() === "")
    throw new ExpressionError("syntax", "the expression is empty", 0, Math.max(1, source.length));
  try {
    return environment.cel.parse(source);
  } catch (error) {
    throw toExpressionError(error, source, "syntax");
  }
}

function check(source: string, parsed: ParseResult, result: ResultType | undefined): void {
  const checked = parsed.check();
  if (!checked.valid) throw toExpressionError(checked.error, source, "type");
  const type = checked.type ?? "dyn";
  if (result === undefined || type === result || type.startsWith("dyn")) return;
  throw new ExpressionError(
    "type",
    `must give ${RESULT_NAMES[result]}, but gives ${plainMessage(type)}`,
    0,
    source.length,
  );
}

function toExpressionError(
  error: unknown,
  source: string,
  code: "syntax" | "type" | "evaluation",
): ExpressionError {
  if (error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError) {
    const { start, end } = clamp(error.range?.start ?? 0, error.range?.end ?? source.length, source);
    if (code !== "evaluation" || !MISSING_CODES.has(error.code))
      return new ExpressionError(code, advised(plainMessage(error.summary)), start, end, { cause: error });
    const whole = clamp(error.node?.start ?? start, error.node?.end ?? end, source);
    const message = `${source.slice(whole.start, whole.end)} is missing`;
    return new ExpressionError("missing", message, whole.start, whole.end, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ExpressionError(code, message, 0, source.length, { cause: error });
}

/** Always inside the source and at least one visible character, so that a caret has something to mark. */
function clamp(start: number, end: number, source: string): { start: number; end: number } {
  const first = Math.max(0, Math.min(start, source.trimEnd().length - 1));
  return { start: first, end: Math.max(first + 1, Math.min(end, source.length)) };
}

function advised(message: string): string {
  const isMixed = /no such overload: (double .* int|int .* double)$/.test(message);
  return isMixed ? `${message}; write 1.0 instead of 1, or convert with double()` : message;
}
