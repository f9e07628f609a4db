import type { ASTNode } from "@marcbachmann/cel-js";
import type { FieldPath } from "./expression.ts";

/** One name in a path, and where it stands. */
export interface PathPart {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A chain of field accesses, as far as its names are written out: `a.b["c"]`, but of `a[i].b` only `a`. */
export interface AccessPath {
  readonly parts: readonly PathPart[];
  /** Some access is `.?` or `[?]`. */
  readonly isOptional: boolean;
  /** What else has to be read: index expressions, or the value that is accessed when it is no variable. */
  readonly others: readonly ASTNode[];
  /** False when an access has no name, so that what follows is not part of the path. */
  readonly isWhole: boolean;
}

/** The path that a node reads; no parts when it starts with something else than a variable. */
export function accessPath(node: ASTNode): AccessPath {
  if (node.op === "id")
    return {
      parts: [{ name: node.args, start: node.start, end: node.end }],
      isOptional: false,
      others: [],
      isWhole: true,
    };
  if (node.op === "." || node.op === ".?") {
    const left = accessPath(node.args[0]);
    return extended(left, { name: node.args[1], start: node.pos, end: node.end }, node.op === ".?");
  }
  if (node.op === "[]" || node.op === "[?]") {
    const [target, index] = node.args;
    const left = accessPath(target);
    const name = stringLiteral(index);
    if (name !== undefined)
      return extended(left, { name, start: index.start, end: node.end }, node.op === "[?]");
    return { ...left, others: [...left.others, index], isWhole: false };
  }
  return { parts: [], isOptional: false, others: [node], isWhole: false };
}

function extended(left: AccessPath, part: PathPart, isOptional: boolean): AccessPath {
  return {
    ...left,
    parts: left.isWhole ? [...left.parts, part] : left.parts,
    isOptional: left.isOptional || isOptional,
  };
}

/** The names of a path that is written out whole and starts with a variable. */
export function wholePath(node: ASTNode): FieldPath | undefined {
  const { parts, isWhole } = accessPath(node);
  return isWhole ? parts.map((part) => part.name) : undefined;
}

/** The text of a string literal. */
export function stringLiteral(node: ASTNode | undefined): string | undefined {
  return node?.op === "value" && typeof node.args === "string" ? node.args : undefined;
}

/** The fields that are surely there when the node is true (or false, for `value` false). */
export function presentWhen(node: ASTNode, value: boolean): FieldPath[] {
  if (node.op === "!_") return presentWhen(node.args, !value);
  if (node.op === "&&" || node.op === "||") {
    const bothAreNeeded = value === (node.op === "&&");
    return bothAreNeeded ? node.args.flatMap((operand) => presentWhen(operand, value)) : [];
  }
  return value ? presentWhenTrue(node) : [];
}

function presentWhenTrue(node: ASTNode): FieldPath[] {
  if (node.op === "call" && node.args[0] === "has") return prefixes(node.args[1][0]);
  if (node.op === "rcall" && node.args[0] === "hasValue") return prefixes(node.args[1]);
  if (node.op !== "in") return [];
  const name = stringLiteral(node.args[0]);
  const container = wholePath(node.args[1]);
  return name === undefined || container === undefined ? [] : [[...container, name]];
}

function prefixes(node: ASTNode | undefined): FieldPath[] {
  const path = node === undefined ? undefined : wholePath(node);
  return path === undefined ? [] : path.slice(1).map((_, index) => path.slice(0, index + 2));
}
