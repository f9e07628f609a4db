import type { Step } from "../runbooks/runbook.ts";
import type { EngineDependencies } from "./dependencies.ts";
import type { RunSession } from "./session.ts";

/** A secret of the settings as it could be read at the start or the last reload. */
export type ReadSecret =
  | { readonly kind: "value"; readonly value: string }
  /** Why not, naming the place and never what was found there. */
  | { readonly kind: "unreadable"; readonly message: string };

/** `secrets` as the expressions of a runbook see it: those that it asks for and that could be read. */
export function secretVariables(
  dependencies: Pick<EngineDependencies, "secrets">,
  names: readonly string[],
): Record<string, string> {
  const known = names.flatMap((name) => {
    const secret = dependencies.secrets.get(name);
    return secret?.kind === "value" ? [[name, secret.value] as const] : [];
  });
  return Object.fromEntries(known);
}

/** Why the step cannot have a secret that it uses; null when it can have all. */
export function missingSecret(session: RunSession, step: Step): string | null {
  const { secrets } = session.dependencies;
  for (const name of secretsUsed(session, step)) {
    const secret = secrets.get(name);
    if (secret === undefined)
      return `the settings have no secret ${name} any more; add it to secrets and reload`;
    if (secret.kind === "unreadable")
      return `the secret ${name} could not be read: ${secret.message}; make it readable and reload`;
  }
  return null;
}

function secretsUsed({ frame }: RunSession, step: Step): Set<string> {
  const references = declaredTextsOf(step).flatMap(
    (text) => frame.body.templates.get(text)?.references ?? [],
  );
  return new Set(
    references.flatMap(({ path: [root, name] }) => (root === "secrets" && name !== undefined ? [name] : [])),
  );
}

/** Every text of the step's env and verb as the runbook has it; some of them are templates. */
export function declaredTextsOf(step: Step): string[] {
  return [...textsOf(step.env), ...textsOf(step.spec)];
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
