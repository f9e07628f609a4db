import type { BoundValues, Input } from "./inputs.ts";

// Secrets and files that a runbook hands on to one that it calls. No plan holds them: it says which input of the run they come from.

/** A secret or a file that was given to a run, as the runbook that a step calls may be given it. */
export interface KeptInput {
  /** The input of the run's own runbook that it was given by. */
  readonly given: string;
  readonly type: "secret" | "file";
  /** As an input of that type takes it. */
  readonly raw: unknown;
}

/** What the inputs of a runbook hold that no plan does. `givenBy`: the run's input for an input of this runbook. */
export function keptInputs(
  { values, secretInputs, contents }: BoundValues,
  givenBy: (input: string) => string | undefined,
): ReadonlyMap<string, KeptInput> {
  const kept = new Map<string, KeptInput>();
  for (const [name, content] of contents) {
    const given = givenBy(name);
    if (given === undefined) continue;
    const bytes = Buffer.from(content);
    const value = values[name];
    if (secretInputs.includes(name)) kept.set(name, { given, type: "secret", raw: bytes.toString("utf8") });
    else if (typeof value === "object" && "sha256" in value)
      kept.set(name, {
        given,
        type: "file",
        raw: { name: value.name, base64: bytes.toString("base64") },
      });
  }
  return kept;
}

const WHOLE_INPUT = /^\s*\$\{\{\s*inputs\.([a-z][a-z0-9_]*)\s*\}\}\s*$/;

/** The input that a text is nothing but the value of; null when it is anything else. */
export function wholeInput(text: unknown): string | null {
  return typeof text === "string" ? (WHOLE_INPUT.exec(text)?.[1] ?? null) : null;
}

/** Why what `from` holds cannot be given to `to`; null when it can, and when neither is a secret or a file. */
export function handOnProblem(
  from: { readonly name: string; readonly type: string } | null,
  to: Pick<Input, "name" | "type">,
): string | null {
  if (from?.type === to.type) return null;
  if (to.type === "secret" || to.type === "file")
    return `input "${to.name}" is a ${to.type}; hand on an input of this runbook that is one: \${{ inputs.NAME }}`;
  if (from?.type !== "secret" && from?.type !== "file") return null;
  return `input "${from.name}" is a ${from.type}, and input "${to.name}" is of type ${to.type}; a ${from.type} is handed on to a ${from.type} only`;
}
