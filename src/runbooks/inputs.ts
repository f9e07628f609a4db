import { type Expression, ExpressionError } from "../expressions/expression.ts";
import type { InventoryHost } from "../hosts/host.ts";
import type { Inventory } from "../hosts/inventory.ts";
import { inputVariables } from "./input-variables.ts";
import type { Bound, InputErrorCode, InputValue, Option } from "./inputs/kind.ts";
import { bindType, type InputType } from "./inputs/types.ts";

/** The typed inputs of a runbook. Values from outside enter a run here and nowhere else. */
export type Input = {
  readonly name: string;
  readonly title: string | null;
  readonly help: string | null;
  readonly placeholder: string | null;
  readonly isRequired: boolean;
  /** As written; undefined when there is none. */
  readonly default: string | number | boolean | readonly string[] | undefined;
  /** Sees the inputs that stand before this one; null for an input that is always asked for. */
  readonly showIf: Expression | null;
  /** The rows of its `options_from`. Null without one, and where the file was not read: in the text of a run that was made. */
  readonly rows: readonly Option[] | null;
} & InputType;

export interface InputError {
  /** JSON pointer (RFC 6901) into the inputs. */
  readonly pointer: string;
  readonly code: InputErrorCode;
  /** What is wrong, and what to write instead. Never holds the text of a secret. */
  readonly message: string;
}

/** What stands in a plan instead of the text of a secret: the same for the same text of the same input. */
export type SealSecret = (input: string, secret: string) => string;

/** Where there is no key to seal with, as without a server. Plans made so are the same whatever their secrets are. */
export const sealWithoutKey: SealSecret = () => "secret";

export interface BoundValues {
  readonly values: Readonly<Record<string, InputValue>>;
  /** The hosts that inputs name, by input. */
  readonly hosts: ReadonlyMap<string, readonly InventoryHost[]>;
  /** The chosen rows of inputs whose options come from a file. */
  readonly rows: ReadonlyMap<string, readonly Option[]>;
  readonly secretInputs: readonly string[];
  /** What is no part of a plan: the texts of secrets, and the content of files. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

export type BoundInputs =
  | ({ readonly ok: true } & BoundValues)
  | { readonly ok: false; readonly errors: readonly InputError[] };

interface Binding {
  readonly values: Record<string, InputValue>;
  readonly hosts: Map<string, readonly InventoryHost[]>;
  readonly rows: Map<string, readonly Option[]>;
  readonly secretInputs: string[];
  readonly contents: Map<string, Uint8Array>;
  readonly errors: InputError[];
}

/**
 * Checks values from outside against the runbook's inputs. Every input is checked, not only the first wrong one. Null counts
 * as not given. Text is taken for a number or a boolean only when it is spelled as we would spell it: labels are text.
 */
export function bindInputs(
  runbook: { readonly inputs: ReadonlyMap<string, Input> },
  raw: Readonly<Record<string, unknown>>,
  inventory: Inventory,
  sealSecret = sealWithoutKey,
): BoundInputs {
  const binding: Binding = {
    values: {},
    hosts: new Map(),
    rows: new Map(),
    secretInputs: [],
    contents: new Map(),
    errors: [],
  };
  for (const name of Object.keys(raw)) {
    if (runbook.inputs.has(name)) continue;
    const known = [...runbook.inputs.keys()].join(", ") || "none";
    refuse(binding, [name], "unknown-input", `no such input; there are: ${known}`);
  }
  for (const input of runbook.inputs.values()) {
    const given = (Object.hasOwn(raw, input.name) ? raw[input.name] : undefined) ?? undefined;
    bindOne(binding, input, given, (value) => bindInput(input, value, inventory, sealSecret));
  }
  const { errors, ...bound } = binding;
  return errors.length > 0 ? { ok: false, errors } : { ok: true, ...bound };
}

function bindOne(binding: Binding, input: Input, given: unknown, bind: (value: unknown) => Bound): void {
  const isShown = judgeShown(binding, input);
  if (isShown === undefined) return;
  if (!isShown && given !== undefined) {
    const message = `this input is not asked for unless ${input.showIf?.source}; leave it out`;
    refuse(binding, [input.name], "not-shown", message);
    return;
  }
  const value = given ?? input.default;
  if (value === undefined) {
    if (input.isRequired && isShown) refuse(binding, [input.name], "required", neededMessage(input));
    return;
  }
  const bound = bind(value);
  if (!bound.ok) {
    for (const { code, message, index } of bound.refusals) {
      // One text stands for a list of one, which has no places.
      const place = index === undefined || !Array.isArray(value) ? [] : [index];
      refuse(binding, [input.name, ...place], code, message);
    }
    return;
  }
  binding.values[input.name] = bound.value;
  if (bound.hosts !== undefined) binding.hosts.set(input.name, bound.hosts);
  if (bound.rows !== undefined) binding.rows.set(input.name, bound.rows);
  if (bound.content !== undefined) binding.contents.set(input.name, bound.content);
  if (input.type === "secret") binding.secretInputs.push(input.name);
}

/** Undefined where it cannot be told: because an input before it is wrong, which is said already, or with an error. */
function judgeShown(binding: Binding, { name, showIf }: Input): boolean | undefined {
  if (showIf === null) return true;
  try {
    return showIf.evaluate({ inputs: inputVariables(binding) }) === true;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    if (binding.errors.length === 0) {
      const message = `show_if could not be judged: ${error.message}; give the inputs that it reads`;
      refuse(binding, [name], "show-if-failed", message);
    }
    return undefined;
  }
}

function neededMessage(input: Input): string {
  return input.title === null ? "a value is needed" : `a value is needed: ${input.title}`;
}

function refuse(
  { errors }: Binding,
  path: readonly (string | number)[],
  code: InputErrorCode,
  message: string,
): void {
  errors.push({ pointer: pointerTo(path), code, message });
}

/** Checks one value against one input, whatever its `show_if`. */
export function bindInput(
  input: Input,
  given: unknown,
  inventory: Inventory,
  sealSecret = sealWithoutKey,
): Bound {
  const seal = (secret: string) => sealSecret(input.name, secret);
  return bindType(input, given, { inventory, rows: input.rows, seal });
}

function pointerTo(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
