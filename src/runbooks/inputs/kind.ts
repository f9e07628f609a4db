import type { z } from "zod";
import type { ValueType } from "../../expressions/expression.ts";
import type { InventoryHost } from "../../hosts/host.ts";
import type { Inventory } from "../../hosts/inventory.ts";

/** An uploaded file as a plan holds it; its content is kept apart. */
export interface FileValue {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/**
 * A bound value, the same after a way through JSON. A host is its name, a duration its milliseconds, a date and a time their
 * one spelling, a secret its seal.
 */
export type InputValue = string | number | boolean | readonly string[] | FileValue;

/** One row of the file that `options_from` names. */
export interface Option {
  readonly value: string;
  readonly label: string;
  /** The whole row, as JSON. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** What values are checked with, beside the input's own keys. */
export interface BindContext {
  readonly inventory: Inventory;
  /** The rows of the input's `options_from`; null when it has none, or they were not read. */
  readonly rows: readonly Option[] | null;
  /** What a plan holds instead of a secret. */
  readonly seal: (secret: string) => string;
}

export type InputErrorCode =
  | "unknown-input"
  | "required"
  | "not-shown"
  | "show-if-failed"
  | "wrong-type"
  | "too-short"
  | "too-long"
  | "too-few"
  | "too-many"
  | "pattern"
  | "control-character"
  | "leading-dash"
  | "out-of-range"
  | "not-an-option"
  | "unknown-host"
  | "ambiguous-host"
  | "host-not-allowed";

/** Why a value is refused, and what to write instead. */
export interface Refusal {
  readonly code: InputErrorCode;
  readonly message: string;
  /** Which item of a list, from 0. */
  readonly index?: number;
}

export interface Accepted {
  readonly ok: true;
  readonly value: InputValue;
  /** Of a host or a list of them, in the order of the value. */
  readonly hosts?: readonly InventoryHost[];
  /** What was chosen, in the order of the value, where the options come from a file. */
  readonly rows?: readonly Option[];
  /** What the plan does not hold: the text of a secret in UTF-8, or the bytes of a file. */
  readonly content?: Uint8Array;
}

export type Bound = Accepted | { readonly ok: false; readonly refusals: readonly Refusal[] };

/** What contradicts itself in an input as written. */
export interface Wrong {
  readonly key: string;
  /** Characters into the value where it begins to be wrong. */
  readonly offset?: number;
  readonly message: string;
}

/** Everything that differs from one type of input to another. `Spec` is the entry as its schema has read it. */
export interface InputKind<Spec> {
  readonly schema: z.ZodType<Spec>;
  /** Undefined when the input can be used. */
  problem(spec: Spec): Wrong | undefined;
  bind(spec: Spec, given: unknown, context: BindContext): Bound;
  /** As expressions see a bound value. */
  valueType(spec: Spec): ValueType;
  /** The fields of a value that has no text form of its own; empty when it has one. */
  textParts(spec: Spec): readonly string[];
  /** What a caller may send (JSON Schema 2020-12, read the same as draft-07). */
  jsonSchema(spec: Spec, rows: readonly Option[] | null): Readonly<Record<string, unknown>>;
  /** What a form needs beside the keys that all inputs have. */
  shape(spec: Spec, rows: readonly Option[] | null): Readonly<Record<string, unknown>>;
}

export function accepted(value: InputValue, more: Omit<Accepted, "ok" | "value"> = {}): Bound {
  return { ok: true, value, ...more };
}

export function refused(code: InputErrorCode, message: string): Bound {
  return { ok: false, refusals: [{ code, message }] };
}

/** The entries that have a value: what a schema or a shape does not say is left out. */
export function known(entries: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
