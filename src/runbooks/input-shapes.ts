import type { Input } from "./inputs.ts";
import { known } from "./inputs/kind.ts";
import { typeJsonSchema, typeShape } from "./inputs/types.ts";

/** The JSON Schema (2020-12, as OpenAPI 3.1 has it; the same in draft-07) of what a caller may send as inputs. */
export function inputsJsonSchema(inputs: ReadonlyMap<string, Input>): Record<string, unknown> {
  const all = [...inputs.values()];
  return {
    type: "object",
    properties: Object.fromEntries(all.map((input) => [input.name, inputJsonSchema(input)])),
    required: all.filter(mustBeGiven).map((input) => input.name),
    additionalProperties: false,
  };
}

/** Whether a caller must always give a value. */
export function mustBeGiven(input: Input): boolean {
  return input.isRequired && input.default === undefined && input.showIf === null;
}

function inputJsonSchema(input: Input): Record<string, unknown> {
  const { title, help, showIf } = input;
  const shown = showIf === null ? undefined : `Only where ${showIf.source}`;
  const description = [help ?? undefined, shown].filter((text) => text !== undefined).join("\n\n");
  return {
    ...typeJsonSchema(input, input.rows),
    ...known({
      title: title ?? undefined,
      description: description === "" ? undefined : description,
      default: input.default,
    }),
  };
}

/** One input as forms and programs are told of it. What is not known is null; each type adds keys of its own. */
export function inputShape(input: Input): Record<string, unknown> {
  return {
    name: input.name,
    type: input.type,
    title: input.title,
    help: input.help,
    placeholder: input.placeholder,
    required: input.isRequired,
    default: input.default ?? null,
    show_if: input.showIf?.source ?? null,
    ...typeShape(input, input.rows),
  };
}
