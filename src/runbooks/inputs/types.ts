import type { ValueType } from "../../expressions/expression.ts";
import { type BooleanSpec, booleanKind } from "./boolean.ts";
import { type ChoiceSpec, choiceKind, type MultiChoiceSpec, multiChoiceKind } from "./choice.ts";
import { type FileSpec, fileKind } from "./file.ts";
import { type HostSpec, hostKind, type HostsSpec, hostsKind } from "./host.ts";
import type { BindContext, Bound, InputKind, Option, Wrong } from "./kind.ts";
import { type IntegerSpec, integerKind, type NumberSpec, numberKind } from "./number.ts";
import { type SecretSpec, secretKind } from "./secret.ts";
import { type StringSpec, stringKind } from "./string.ts";
import {
  type DateSpec,
  dateKind,
  type DatetimeSpec,
  datetimeKind,
  type DurationSpec,
  durationKind,
} from "./time.ts";

export interface Specs {
  readonly string: StringSpec;
  readonly integer: IntegerSpec;
  readonly number: NumberSpec;
  readonly boolean: BooleanSpec;
  readonly choice: ChoiceSpec;
  readonly multi_choice: MultiChoiceSpec;
  readonly host: HostSpec;
  readonly hosts: HostsSpec;
  readonly duration: DurationSpec;
  readonly date: DateSpec;
  readonly datetime: DatetimeSpec;
  readonly secret: SecretSpec;
  readonly file: FileSpec;
}
export type InputTypeName = keyof Specs;

/** A type of input with the keys that it has. */
export type InputType = {
  readonly [T in InputTypeName]: { readonly type: T; readonly spec: Specs[T] };
}[InputTypeName];

/** Every type of input: all that is checked, shown, sent or read of inputs goes by this table. */
const KINDS: { readonly [T in InputTypeName]: InputKind<Specs[T]> } = {
  string: stringKind,
  integer: integerKind,
  number: numberKind,
  boolean: booleanKind,
  choice: choiceKind,
  multi_choice: multiChoiceKind,
  host: hostKind,
  hosts: hostsKind,
  duration: durationKind,
  date: dateKind,
  datetime: datetimeKind,
  secret: secretKind,
  file: fileKind,
};

export const INPUT_TYPES: readonly InputTypeName[] = Object.keys(KINDS) as InputTypeName[];

/** One type as the functions below take it: its keys and its name belong together. */
interface Typed<T extends InputTypeName> {
  readonly type: T;
  readonly spec: Specs[T];
}

export function bindType<T extends InputTypeName>(
  { type, spec }: Typed<T>,
  given: unknown,
  context: BindContext,
): Bound {
  return KINDS[type].bind(spec, given, context);
}

export function typeProblem<T extends InputTypeName>({ type, spec }: Typed<T>): Wrong | undefined {
  return KINDS[type].problem(spec);
}

export function valueTypeOf<T extends InputTypeName>({ type, spec }: Typed<T>): ValueType {
  return KINDS[type].valueType(spec);
}

export function textPartsOf<T extends InputTypeName>({ type, spec }: Typed<T>): readonly string[] {
  return KINDS[type].textParts(spec);
}

export function typeJsonSchema<T extends InputTypeName>(
  { type, spec }: Typed<T>,
  rows: readonly Option[] | null,
): Readonly<Record<string, unknown>> {
  return KINDS[type].jsonSchema(spec, rows);
}

export function typeShape<T extends InputTypeName>(
  { type, spec }: Typed<T>,
  rows: readonly Option[] | null,
): Readonly<Record<string, unknown>> {
  return KINDS[type].shape(spec, rows);
}
