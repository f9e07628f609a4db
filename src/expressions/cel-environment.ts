import { Environment } from "@marcbachmann/cel-js";
import { DURATION_FUNCTION, registerFunctions } from "./cel-functions.ts";
import { type Converter, converterFor, durationClass, type ViewClass, viewClass } from "./cel-values.ts";
import type { ObjectType, Scope, ValueType } from "./expression.ts";
import type { Re2 } from "./re2.ts";

/** An expression needs far fewer; the limits bound compiling and, without nested loops, evaluating. */
const LIMITS = {
  maxAstNodes: 1_000,
  maxDepth: 32,
  maxListElements: 200,
  maxMapEntries: 200,
  maxCallArguments: 8,
};

/** Characters that all `re2()` calls of one evaluation may read together, in a loop over lines for example. */
const SEARCHED_LENGTH_MAX = 1024 * 1024;

/** What all expressions of one scope share. */
export interface ScopeEnvironment {
  readonly cel: Environment;
  /** Makes the variables that cel-js reads from those of a caller. */
  readonly Variables: ViewClass;
  readonly searches: Searches;
}

/** Answers `re2()` while an expression is evaluated. */
export interface Searches {
  /** To be called before each evaluation, with the patterns of that expression. */
  begin(patterns: ReadonlyMap<string, Re2>): void;
  find(text: string, pattern: string): boolean;
}

function createSearches(): Searches {
  let patterns: ReadonlyMap<string, Re2> = new Map();
  let lengthLeft = 0;
  return {
    begin: (ofExpression) => {
      patterns = ofExpression;
      lengthLeft = SEARCHED_LENGTH_MAX;
    },
    find: (text, pattern) => {
      lengthLeft -= text.length;
      if (lengthLeft < 0)
        throw new RangeError(`re2() read more than ${SEARCHED_LENGTH_MAX} characters in one expression`);
      const compiled = patterns.get(pattern);
      if (compiled === undefined) throw new Error(`the pattern "${pattern}" was not compiled`);
      return compiled.isFoundIn(text);
    },
  };
}

/**
 * One environment for each scope object, since building one costs a hundred times more than compiling an expression.
 * A cache only: nothing in it changes what an expression means.
 */
const environments = new WeakMap<Scope, ScopeEnvironment>();

/** The environment of a scope, built at its first use. */
export function environmentFor(scope: Scope): ScopeEnvironment {
  const known = environments.get(scope);
  if (known !== undefined) return known;
  const built = buildEnvironment(scope);
  environments.set(scope, built);
  return built;
}

function buildEnvironment(scope: Scope): ScopeEnvironment {
  const cel = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: LIMITS,
  });
  const durations = durationClass(cel);
  const searches = createSearches();
  registerFunctions(cel, searches, durations);
  const views = new Map<ObjectType, ViewClass>();
  const viewOf = (type: ObjectType): ViewClass => {
    const known = views.get(type);
    if (known !== undefined) return known;
    const converters = new Map<string, Converter>();
    for (const [field, fieldType] of Object.entries(type.fields))
      converters.set(field, converterFor(fieldType, viewOf, durations));
    const View = viewClass(converters);
    views.set(type, View);
    return View;
  };
  registerVariables(cel, scope, viewOf);
  return { cel, Variables: viewOf({ fields: scope }), searches };
}

/** Declares the variables. An object type is known to cel-js by the path of the first field that has it. */
function registerVariables(cel: Environment, scope: Scope, viewOf: (type: ObjectType) => ViewClass): void {
  const names = new Map<ObjectType, string>();
  const nameOf = (path: string, type: ValueType): string => {
    if (type === "timestamp") return "google.protobuf.Timestamp";
    if (type === "duration") return "google.protobuf.Duration";
    if (typeof type === "string") return type;
    if ("items" in type) return `list<${nameOf(`${path}[]`, type.items)}>`;
    const known = names.get(type);
    if (known !== undefined) return known;
    const name = `object ${path}`;
    const fields: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [field, fieldType] of Object.entries(type.fields))
      fields[field] = nameOf(`${path}.${field}`, fieldType);
    cel.registerType(name, { ctor: viewOf(type), fields });
    names.set(type, name);
    return name;
  };
  for (const [name, type] of Object.entries(scope)) cel.registerVariable(name, nameOf(name, type));
}

/** A message of cel-js in our words. */
export function plainMessage(message: string): string {
  return message
    .replaceAll(DURATION_FUNCTION, "duration")
    .replaceAll("google.protobuf.Timestamp", "timestamp")
    .replaceAll("google.protobuf.Duration", "duration")
    .replace(/^Unexpected token: EOF$/, "the expression ends too early")
    .replace(/^Exceeded maxDepth \((\d+)\)$/, "the expression is nested deeper than $1 levels")
    .replace(/^Exceeded (\w+) \((\d+)\)$/, "the expression is too large ($1, at most $2)")
    .replace(/^found no matching overload for '(.*)'$/s, "there is no function $1");
}
