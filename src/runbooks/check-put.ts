import { closestWord } from "../platform/problems.ts";
import type { Path } from "../platform/yaml.ts";
import type { Checking } from "./expressions.ts";
import type { InputTypeName } from "./inputs/types.ts";
import type { PutSpec } from "./verbs/put.ts";

/** Inputs whose value is one text, or one file. */
const CONTENT_TYPES: ReadonlySet<InputTypeName> = new Set(["string", "secret", "file"]);

/** What the schema cannot say about where a put takes its content from. `path` is that of its `from`. */
export function checkPut(checking: Checking, from: PutSpec["from"], path: Path): void {
  const { inputs, file } = checking.draft;
  const report = (key: string, code: string, message: string) =>
    checking.problems.push(file.problem([...path, key], code, message));
  if (from.kind !== "input") return;
  const input = inputs.get(from.input);
  if (!inputs.has(from.input)) {
    const meant = closestWord(from.input, inputs.keys());
    const advice =
      meant === undefined ? `inputs: ${[...inputs.keys()].join(", ") || "none"}` : `did you mean "${meant}"?`;
    report("input", "unknown-input", `there is no input "${from.input}"; ${advice}`);
  } else if (input !== undefined && !CONTENT_TYPES.has(input.type)) {
    const message = `input "${from.input}" is a ${input.type}; a file, a secret or a string can be put, or write from: {text: ...}`;
    report("input", "not-content", message);
  } else if (input !== undefined && !input.isRequired && input.default === undefined) {
    const message = `input "${from.input}" may be left out, and then there is nothing to put; make it required`;
    report("input", "may-be-missing", message);
  }
}
