import { MatcherError, parseMatchers, selectorMatches } from "../expressions/matchers.ts";
import { compileRe2, Re2Error } from "../expressions/re2.ts";
import type { InventoryHost } from "../hosts/host.ts";
import { HostLookupError, type Inventory } from "../hosts/inventory.ts";

/** The typed inputs of a runbook. Values from outside enter a run here and nowhere else. */
export type Input = {
  readonly name: string;
  readonly title: string | null;
  readonly help: string | null;
  readonly isRequired: boolean;
  /** Undefined when there is none. */
  readonly default: InputValue | undefined;
} & InputType;

export type InputType =
  | {
      readonly type: "string";
      /** RE2, on the whole value. */
      readonly pattern: string | null;
      readonly lengthMin: number;
      readonly lengthMax: number;
      readonly allowsLeadingDash: boolean;
      readonly isMultiline: boolean;
    }
  | { readonly type: "integer"; readonly min: number | null; readonly max: number | null }
  | { readonly type: "boolean" }
  | { readonly type: "choice"; readonly options: readonly string[] }
  | {
      readonly type: "host";
      /** Label matchers over the inventory; null for any host. */
      readonly selector: string | null;
    };

/** A host input holds the host's name. */
export type InputValue = string | number | boolean;

export interface InputError {
  /** JSON pointer (RFC 6901) into the inputs. */
  readonly pointer: string;
  readonly code: InputErrorCode;
  readonly message: string;
}

export type InputErrorCode =
  | "unknown-input"
  | "required"
  | "wrong-type"
  | "too-short"
  | "too-long"
  | "pattern"
  | "control-character"
  | "leading-dash"
  | "out-of-range"
  | "not-an-option"
  | "unknown-host"
  | "ambiguous-host"
  | "host-not-allowed";

export type BoundInputs =
  | {
      readonly ok: true;
      readonly values: Readonly<Record<string, InputValue>>;
      /** The hosts that host inputs name, by input. */
      readonly hosts: ReadonlyMap<string, InventoryHost>;
    }
  | { readonly ok: false; readonly errors: readonly InputError[] };

/**
 * Checks values from outside against the runbook's inputs. Every input is checked, not only the first wrong one. Null counts
 * as not given. Text is taken for an integer or a boolean only when it is spelled as we would spell it: labels are text.
 */
export function bindInputs(
  runbook: { readonly inputs: ReadonlyMap<string, Input> },
  raw: Readonly<Record<string, unknown>>,
  inventory: Inventory,
): BoundInputs {
  const values: Record<string, InputValue> = {};
  const hosts = new Map<string, InventoryHost>();
  const errors: InputError[] = [];
  for (const name of Object.keys(raw)) {
    if (runbook.inputs.has(name)) continue;
    const known = [...runbook.inputs.keys()].join(", ") || "none";
    errors.push({
      pointer: pointerTo(name),
      code: "unknown-input",
      message: `no such input; there are: ${known}`,
    });
  }
  for (const [name, input] of runbook.inputs) {
    const given = (Object.hasOwn(raw, name) ? raw[name] : undefined) ?? input.default;
    if (given === undefined) {
      if (input.isRequired)
        errors.push({ pointer: pointerTo(name), code: "required", message: "a value is needed" });
      continue;
    }
    const bound = bindInput(input, given, inventory);
    if ("code" in bound) errors.push({ pointer: pointerTo(name), ...bound });
    else {
      values[name] = bound.value;
      if (bound.host !== undefined) hosts.set(name, bound.host);
    }
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, values, hosts };
}

type Bound =
  | { readonly value: InputValue; readonly host?: InventoryHost }
  | { readonly code: InputErrorCode; readonly message: string };

/** Checks one value against one input. */
export function bindInput(input: Input, given: unknown, inventory: Inventory): Bound {
  switch (input.type) {
    case "string":
      return bindString(input, given);
    case "integer":
      return bindInteger(input, given);
    case "boolean":
      return bindBoolean(given);
    case "choice":
      return bindChoice(input.options, given);
    case "host":
      return bindHost(input.selector, given, inventory);
  }
}

/** Control characters, line separators, and marks that reverse the text an approver reads. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u;
const UNPRINTABLE_IN_LINES = /[^\P{Cc}\n\t]|[\p{Cs}\u2028-\u202e\u2066-\u2069]/u;

function bindString(input: Extract<Input, { type: "string" }>, given: unknown): Bound {
  if (typeof given !== "string") return { code: "wrong-type", message: "text is needed" };
  const { lengthMin, lengthMax } = input;
  if (given.length < lengthMin) {
    const message = given === "" ? "the value is empty" : `at least ${lengthMin} characters are needed`;
    return { code: "too-short", message };
  }
  if (given.length > lengthMax)
    return { code: "too-long", message: `at most ${lengthMax} characters are allowed` };
  if ((input.isMultiline ? UNPRINTABLE_IN_LINES : UNPRINTABLE).test(given)) {
    const what = input.isMultiline ? "a control character" : "a line break or another control character";
    return { code: "control-character", message: `the value has ${what} in it` };
  }
  if (given.startsWith("-") && !input.allowsLeadingDash)
    return { code: "leading-dash", message: "a value that begins with - could be taken for an option" };
  if (input.pattern !== null && !fitsPattern(input.pattern, given))
    return { code: "pattern", message: `the whole value must match ${input.pattern}` };
  return { value: given };
}

function fitsPattern(pattern: string, given: string): boolean {
  try {
    return compileRe2(pattern).matchesWhole(given);
  } catch (error) {
    // The pattern was compiled at load, so the text was too much for it: refused, as any text that does not fit.
    if (error instanceof Re2Error) return false;
    throw error;
  }
}

const INTEGER = /^(0|-?[1-9]\d{0,15})$/;

function bindInteger(input: Extract<Input, { type: "integer" }>, given: unknown): Bound {
  const value = typeof given === "string" && INTEGER.test(given) ? Number(given) : given;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || Object.is(value, -0))
    return { code: "wrong-type", message: "a whole number is needed, such as 8080" };
  if ((input.min !== null && value < input.min) || (input.max !== null && value > input.max)) {
    const range = [
      input.min === null ? "" : `at least ${input.min}`,
      input.max === null ? "" : `at most ${input.max}`,
    ];
    return { code: "out-of-range", message: `the number must be ${range.filter(Boolean).join(" and ")}` };
  }
  return { value };
}

function bindBoolean(given: unknown): Bound {
  if (typeof given === "boolean") return { value: given };
  if (given === "true" || given === "false") return { value: given === "true" };
  return { code: "wrong-type", message: "true or false is needed" };
}

function bindChoice(options: readonly string[], given: unknown): Bound {
  if (typeof given === "string" && options.includes(given)) return { value: given };
  return { code: "not-an-option", message: `the value must be one of: ${options.join(", ")}` };
}

function bindHost(selector: string | null, given: unknown, inventory: Inventory): Bound {
  if (typeof given !== "string" || given === "")
    return { code: "wrong-type", message: "the name of a host is needed" };
  try {
    const host = inventory.resolve(given);
    if (selector !== null && !selectorMatches(parseMatchers(selector), host.labels))
      return { code: "host-not-allowed", message: `host ${host.name} does not fit ${selector}` };
    return { value: host.name, host };
  } catch (error) {
    if (!(error instanceof HostLookupError) || error.code === "no-host-selected") throw error;
    return { code: error.code, message: error.message };
  }
}

function pointerTo(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** What is wrong with a pattern or a selector, undefined when it can be used. */
export function inputTypeProblem(
  input: InputType,
): { readonly key: string; readonly message: string; readonly offset?: number } | undefined {
  try {
    if (input.type === "string" && input.pattern !== null) compileRe2(input.pattern);
  } catch (error) {
    if (!(error instanceof Re2Error)) throw error;
    return { key: "pattern", message: error.message };
  }
  try {
    if (input.type === "host" && input.selector !== null && parseMatchers(input.selector).length === 0)
      return { key: "in", message: "an empty selector would mean every host; leave the key out instead" };
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    return { key: "in", message: error.message, offset: error.offset };
  }
  return undefined;
}

/** The JSON Schema (draft-07 and 2020-12 alike) of a runbook's inputs, for the API, the form and assistants. */
export function inputsJsonSchema(inputs: ReadonlyMap<string, Input>): Record<string, unknown> {
  const all = [...inputs.values()];
  return {
    type: "object",
    properties: Object.fromEntries(all.map((input) => [input.name, inputJsonSchema(input)])),
    required: all
      .filter((input) => input.isRequired && input.default === undefined)
      .map((input) => input.name),
    additionalProperties: false,
  };
}

function inputJsonSchema(input: Input): Record<string, unknown> {
  return {
    ...typeJsonSchema(input),
    ...(input.title === null ? {} : { title: input.title }),
    ...(input.help === null ? {} : { description: input.help }),
    ...(input.default === undefined ? {} : { default: input.default }),
  };
}

function typeJsonSchema(input: InputType): Record<string, unknown> {
  switch (input.type) {
    case "string":
      return {
        type: "string",
        minLength: input.lengthMin,
        maxLength: input.lengthMax,
        ...(input.pattern === null ? {} : { pattern: `^(?:${input.pattern})$` }),
      };
    case "integer":
      return {
        type: "integer",
        ...(input.min === null ? {} : { minimum: input.min }),
        ...(input.max === null ? {} : { maximum: input.max }),
      };
    case "boolean":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: input.options };
    case "host":
      return { type: "string", minLength: 1 };
  }
}
