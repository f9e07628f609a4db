import {
  compileExpression,
  type Expression,
  type ObjectType,
  type Scope,
  type ValueType,
} from "../../../expressions/cel.ts";
import { parseDurationMs } from "../../../platform/durations.ts";
import type { Host, Input } from "../../api/types.ts";
import { utcOf } from "../local-time.ts";
import { type FieldValue, isEmpty, type Values } from "./values.ts";

// Which inputs apply, by the same language that the service judges them with.

/** Which inputs a form shows for what it holds. `hosts`: what is known of hosts that are named. */
export type Shown = (values: Values, hosts: ReadonlyMap<string, Host>) => ReadonlySet<string>;

/** Compiles the conditions of a form once. An input whose condition cannot be judged is shown: the service says what is wrong. */
export function shownOf(inputs: readonly Input[]): Shown {
  const scope: Scope = {
    inputs: { fields: Object.fromEntries(inputs.map((one) => [one.name, typeOf(one)])) },
  };
  const conditions = new Map(inputs.map((input) => [input.name, compile(input, scope)]));
  return (values, hosts) => {
    const shown = new Set<string>();
    const variables: Record<string, unknown> = {};
    for (const input of inputs) {
      const isShown = judge(conditions.get(input.name) ?? null, variables);
      if (isShown) shown.add(input.name);
      const value = variableOf(input, isShown ? values[input.name] : undefined, hosts);
      if (value !== undefined) variables[input.name] = value;
    }
    return shown;
  };
}

function compile({ show_if: source }: Input, scope: Scope): Expression | null {
  if (source === null) return null;
  try {
    return compileExpression(source, scope);
  } catch {
    return null;
  }
}

function judge(condition: Expression | null, inputs: Readonly<Record<string, unknown>>): boolean {
  if (condition === null) return true;
  try {
    return condition.evaluate({ inputs }) !== false;
  } catch {
    // It reads what only the service knows (a row of a file), or an input that is not filled in yet.
    return true;
  }
}

const HOST: ObjectType = {
  fields: { name: "string", address: "string", port: "int", user: "string", labels: "map<string, string>" },
};
const CHOSEN: ObjectType = { fields: { value: "string", label: "string", row: "dyn" } };
const FILE: ObjectType = { fields: { name: "string", path: "string", size: "int", sha256: "string" } };

function typeOf(input: Input): ValueType {
  switch (input.type) {
    case "integer":
      return "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    case "choice":
      return isFromFile(input) ? CHOSEN : "string";
    case "multi_choice":
      return isFromFile(input) ? { items: CHOSEN } : "list<string>";
    case "host":
      return HOST;
    case "hosts":
      return { items: HOST };
    case "duration":
      return "duration";
    case "datetime":
      return "timestamp";
    case "file":
      return FILE;
    case "string":
    case "secret":
    case "date":
      return "string";
  }
}

/** As the service would bind it; undefined where nothing is filled in, or nothing that fits. Secrets are never seen by conditions. */
function variableOf(input: Input, field: FieldValue | undefined, hosts: ReadonlyMap<string, Host>): unknown {
  const value: unknown = isEmpty(field) ? (input.default ?? undefined) : field;
  if (input.type === "secret") return undefined;
  if (value instanceof File) return { name: value.name, size: value.size };
  if (Array.isArray(value)) {
    const items = value.filter((item) => typeof item === "string");
    if (input.type === "hosts") return items.map((name) => hostOf(name, hosts));
    return isFromFile(input) ? items.map((item) => chosenOf(input, item)) : items;
  }
  if (typeof value === "boolean" || typeof value === "number") return value;
  return typeof value === "string" ? variableOfText(input, value, hosts) : undefined;
}

function variableOfText(input: Input, text: string, hosts: ReadonlyMap<string, Host>): unknown {
  switch (input.type) {
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case "number":
      return Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "duration":
      return parseDurationMs(text);
    case "datetime":
      return Number.isNaN(Date.parse(text)) ? undefined : utcOf(text);
    case "host":
      return hostOf(text, hosts);
    case "choice":
      return isFromFile(input) ? chosenOf(input, text) : text;
    case "string":
    case "date":
      return text;
    case "boolean":
    case "hosts":
    case "multi_choice":
    case "secret":
    case "file":
      return undefined;
  }
}

function isFromFile({ options_from: from }: Input): boolean {
  return typeof from === "string";
}

function hostOf(name: string, hosts: ReadonlyMap<string, Host>): Record<string, unknown> {
  const host = hosts.get(name);
  if (host === undefined) return { name };
  return { name, address: host.address ?? "", labels: new Map(Object.entries(host.labels)) };
}

function chosenOf({ options }: Input, value: string): Record<string, unknown> {
  return { value, label: options?.find((option) => option.value === value)?.label ?? value };
}
