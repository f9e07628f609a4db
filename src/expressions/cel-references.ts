import type { ASTNode } from "@marcbachmann/cel-js";
import { closestWord } from "../platform/problems.ts";
import { DURATION_FUNCTION } from "./cel-functions.ts";
import { type AccessPath, accessPath, type PathPart, presentWhen, stringLiteral } from "./cel-paths.ts";
import { ExpressionError, type FieldPath, type Reference, type Scope, type ValueType } from "./expression.ts";

const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** Names that cel-js' map literals drop in silence. */
const DROPPED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** What the walk needs to know of the expression's surroundings. */
export interface Surroundings {
  readonly scope: Scope;
  /** Whether the name is one of CEL's own, such as the type `int`. */
  isBuiltIn(name: string): boolean;
  /** Called for the pattern of every `re2()`, which is always a literal. */
  onPattern(pattern: string, node: ASTNode): void;
}

/** Where the walk is: variables of loops around it, and fields known to be present. */
interface Place {
  readonly loopVariables: ReadonlySet<string>;
  readonly isInLoop: boolean;
  readonly isInHas: boolean;
  readonly present: ReadonlySet<string>;
}

/**
 * The fields that an expression reads. Throws {@link ExpressionError} for unknown names and for what is not offered,
 * and turns the calls of `duration` into our own.
 */
export function findReferences(root: ASTNode, surroundings: Surroundings): Reference[] {
  const walk: Walk = { ...surroundings, references: [] };
  visit(walk, root, { loopVariables: new Set(), isInLoop: false, isInHas: false, present: new Set() });
  return walk.references;
}

interface Walk extends Surroundings {
  readonly references: Reference[];
}

function visit(walk: Walk, node: ASTNode, place: Place): void {
  switch (node.op) {
    case "value":
      return;
    case "id":
    case ".":
    case ".?":
    case "[]":
    case "[?]":
      visitAccess(walk, node, place);
      return;
    case "call":
      visitCall(walk, node, place);
      return;
    case "rcall":
      visitMethod(walk, node, place);
      return;
    case "&&":
    case "||":
      visit(walk, node.args[0], place);
      visit(walk, node.args[1], knowing(place, presentWhen(node.args[0], node.op === "&&")));
      return;
    case "?:":
      visit(walk, node.args[0], place);
      visit(walk, node.args[1], knowing(place, presentWhen(node.args[0], true)));
      visit(walk, node.args[2], knowing(place, presentWhen(node.args[0], false)));
      return;
    case "map":
      for (const [key, value] of node.args) visitEntry(walk, key, value, place);
      return;
    case "!_":
    case "-_":
      visit(walk, node.args, place);
      return;
    case "list":
    case "in":
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      for (const operand of node.args) visit(walk, operand, place);
  }
}

function visitEntry(walk: Walk, key: ASTNode, value: ASTNode, place: Place): void {
  const name = stringLiteral(key);
  if (name !== undefined && DROPPED_KEYS.has(name))
    throw notAllowed(`a map cannot have the key "${name}"`, key);
  visit(walk, key, place);
  visit(walk, value, place);
}

function visitAccess(walk: Walk, node: ASTNode, place: Place): void {
  const path = accessPath(node);
  for (const other of path.others) visit(walk, other, { ...place, isInHas: false });
  const [variable] = path.parts;
  if (variable === undefined || place.loopVariables.has(variable.name)) return;
  if (variable.name === "cel") throw notAllowed("cel.bind() is not offered", node);
  if (!Object.hasOwn(walk.scope, variable.name)) {
    if (walk.isBuiltIn(variable.name)) return;
    throw unknownName(variable, `unknown name "${variable.name}"`, Object.keys(walk.scope));
  }
  checkFields(walk.scope, path.parts);
  walk.references.push(toReference(node, path, place));
}

function visitCall(walk: Walk, node: ASTNode & { op: "call" }, place: Place): void {
  const [name, parameters] = node.args;
  if (name === "duration") node.args[0] = DURATION_FUNCTION;
  if (name === "matches") throw matchesRefused(node);
  if (name === "re2" && parameters.length === 2) visitPattern(walk, node, parameters[1]);
  const inner = name === "has" ? { ...place, isInHas: true } : place;
  for (const parameter of parameters) visit(walk, parameter, inner);
}

function visitMethod(walk: Walk, node: ASTNode & { op: "rcall" }, place: Place): void {
  const [name, receiver, parameters] = node.args;
  if (name === "matches") throw matchesRefused(node);
  if (name === "json") throw notAllowed("bytes have no json(); use json(text)", node);
  visit(walk, receiver, place);
  const [variable] = parameters;
  if (!MACROS.has(name) || variable?.op !== "id") {
    for (const parameter of parameters) visit(walk, parameter, place);
    return;
  }
  if (place.isInLoop)
    throw notAllowed(`${name}() cannot stand inside another loop: its time would have no bound`, node);
  const loopVariables = new Set([...place.loopVariables, variable.args]);
  for (const body of parameters.slice(1)) visit(walk, body, { ...place, loopVariables, isInLoop: true });
}

function visitPattern(walk: Walk, node: ASTNode, parameter: ASTNode | undefined): void {
  const pattern = stringLiteral(parameter);
  if (pattern === undefined || parameter === undefined)
    throw notAllowed("the pattern of re2() must be a text in quotes, so that it is checked at load", node);
  walk.onPattern(pattern, parameter);
}

function toReference(node: ASTNode, path: AccessPath, place: Place): Reference {
  const names = path.parts.map((part) => part.name);
  const isGuarded = path.isOptional || place.isInHas || place.present.has(JSON.stringify(names));
  return { path: names, isGuarded, start: node.start, end: node.end };
}

function knowing(place: Place, paths: readonly FieldPath[]): Place {
  if (paths.length === 0) return place;
  return { ...place, present: new Set([...place.present, ...paths.map((path) => JSON.stringify(path))]) };
}

function checkFields(scope: Scope, parts: readonly PathPart[]): void {
  let type: ValueType = { fields: scope };
  let path = "";
  for (const part of parts) {
    if (typeof type === "string") {
      const inner: string | undefined = /^map<string, (.+)>$/.exec(type)?.[1];
      if (inner === undefined) return;
      type = inner as ValueType;
    } else if ("items" in type) {
      return;
    } else {
      const next: ValueType | undefined = Object.hasOwn(type.fields, part.name)
        ? type.fields[part.name]
        : undefined;
      if (next === undefined)
        throw unknownName(part, `${path} has no field "${part.name}"`, Object.keys(type.fields));
      type = next;
    }
    path = path === "" ? part.name : `${path}.${part.name}`;
  }
}

function unknownName(part: PathPart, message: string, known: readonly string[]): ExpressionError {
  const meant = closestWord(part.name, known);
  const advice =
    meant === undefined ? `known: ${[...known].sort().join(", ") || "none"}` : `did you mean "${meant}"?`;
  return new ExpressionError("unknown-name", `${message}; ${advice}`, part.start, part.end);
}

function matchesRefused(node: ASTNode): ExpressionError {
  return notAllowed('matches() is not offered: use re2(text, "pattern")', node);
}

function notAllowed(message: string, node: ASTNode): ExpressionError {
  return new ExpressionError("not-allowed", message, node.start, node.end);
}
