import { ApiError } from "../../api/client.ts";
import type { Input } from "../../api/types.ts";

/** Where an error stands in the form, by the name of the input; `null` for what belongs to no field that is shown. */
export interface FieldError {
  readonly field: string | null;
  readonly label: string;
  readonly message: string;
}

/** Fields that are no inputs; no input has a name like these. */
export const CONFIRM_FIELD = "/confirm";
export const REASON_FIELD = "/reason";
const OWN_FIELDS = new Map([
  [CONFIRM_FIELD, "Confirmation"],
  [REASON_FIELD, "Reason"],
]);

/** What is wrong, in the order of the fields. */
export function fieldErrors(error: Error | null, inputs: readonly Input[]): FieldError[] {
  if (!(error instanceof ApiError)) return [];
  const fields = [...inputs.map(({ name }) => name), ...OWN_FIELDS.keys()];
  const found = error.errors.map(({ pointer, message }): FieldError => {
    const own = OWN_FIELDS.get(pointer);
    if (own !== undefined) return { field: pointer, label: own, message };
    const [first = "", name = ""] = pointer.slice(1).split("/").map(unescapePart);
    const input = first === "inputs" ? inputs.find((one) => one.name === name) : undefined;
    if (input === undefined) return { field: null, label: name === "" ? first : name, message };
    const label = input.title ?? input.name;
    // The title stands beside it already.
    return { field: input.name, label, message: message.replace(`: ${label}`, "") };
  });
  return found.sort((left, right) => place(fields, left) - place(fields, right));
}

function place(fields: readonly string[], { field }: FieldError): number {
  return field === null ? fields.length : fields.indexOf(field);
}

/** As RFC 6901 has it. */
function unescapePart(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

export function errorOf(errors: readonly FieldError[], field: string): string | null {
  const messages = errors.filter((error) => error.field === field).map(({ message }) => message);
  return messages.length === 0 ? null : [...new Set(messages)].join("; ");
}

/** The id of a field in the page; errors lead to it. */
export function fieldId(name: string): string {
  return `input-${name}`;
}

export function focusField(name: string): void {
  document.getElementById(fieldId(name))?.focus();
}
