import { formatDurationMs } from "../../../platform/durations.ts";
import type { Input } from "../../api/types.ts";
import { localInput, utcOf } from "../local-time.ts";

/** What a form holds of one input before it is sent. Numbers are as they were typed; a datetime is of the reader's clock. */
export type FieldValue = string | boolean | readonly string[] | File | null;
export type Values = Readonly<Record<string, FieldValue>>;

/** What is never kept, prefilled or shown again. */
export function isForgotten({ type }: Pick<Input, "type">): boolean {
  return type === "secret" || type === "file";
}

/** What stands in each field of a form that nobody has touched. */
export function emptyValues(inputs: readonly Input[]): Values {
  return Object.fromEntries(inputs.map((input) => [input.name, emptyOf(input)]));
}

function emptyOf(input: Input): FieldValue {
  const value = fieldValueOf(input, input.default);
  if (value !== undefined) return value;
  if (input.type === "boolean") return false;
  if (isList(input)) return [];
  return input.type === "file" ? null : "";
}

function isList({ type }: Pick<Input, "type">): boolean {
  return type === "hosts" || type === "multi_choice";
}

/** A value of the API (a default, an input of an earlier run) as its field has it; undefined for none that fits. */
export function fieldValueOf(input: Input, value: unknown): FieldValue | undefined {
  if (isForgotten(input)) return undefined;
  if (isList(input)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    const texts = items.filter((item) => typeof item === "string");
    return texts.length === 0 ? undefined : texts;
  }
  if (input.type === "boolean") return typeof value === "boolean" ? value : undefined;
  // A plan holds the milliseconds of a duration.
  if (input.type === "duration" && typeof value === "number") return formatDurationMs(value);
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return undefined;
  return input.type === "datetime" ? localInput(value) : value;
}

/** A text of an address as its field has it; undefined for none that fits. Lists have commas between their items. */
export function fieldValueOfText(input: Input, text: string): FieldValue | undefined {
  if (input.type === "boolean") return text === "true" || text === "false" ? text === "true" : undefined;
  if (isList(input)) return fieldValueOf(input, text.split(",").filter(Boolean));
  return fieldValueOf(input, text);
}

/** What the field shows, in words. */
export function valueText(value: FieldValue | undefined): string {
  if (value instanceof File) return value.name;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : (value ?? []).join(", ");
}

export function isEmpty(value: FieldValue | undefined): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

/** What is sent: the inputs that apply and have something in them, so that the service says what is needed. */
export async function sentInputs(
  inputs: readonly Input[],
  values: Values,
  shown: ReadonlySet<string>,
): Promise<Record<string, unknown>> {
  const filled = inputs.filter(({ name }) => shown.has(name) && !isEmpty(values[name]));
  const entries = filled.map(async (input) => [input.name, await sentValue(input, values[input.name])]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}

async function sentValue(input: Input, value: FieldValue | undefined): Promise<unknown> {
  if (value instanceof File) return { name: value.name, base64: await base64Of(value) };
  return input.type === "datetime" && typeof value === "string" ? utcOf(value) : value;
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
