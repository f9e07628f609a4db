import type { Host } from "../hosts/host.ts";
import type { InputValue, Option } from "./inputs/kind.ts";

/** What is bound, by input, as a binding or a plan has it. */
export interface VariableParts {
  readonly values: Readonly<Record<string, InputValue>>;
  readonly hosts: ReadonlyMap<string, readonly Host[]>;
  readonly rows: ReadonlyMap<string, readonly Option[]>;
  readonly secretInputs: readonly string[];
}

/** What is there only while a run is under way. */
export interface OpenedInputs {
  readonly secrets: ReadonlyMap<string, string>;
  /** Where the files are, by input. */
  readonly filePaths: ReadonlyMap<string, string>;
}

export const NOTHING_OPENED: OpenedInputs = { secrets: new Map(), filePaths: new Map() };

/**
 * `inputs` as expressions see it. A host is {name, address, port, user, labels}; a choice from a file {value, label, row}; a file
 * {name, size, sha256}, and `path` where it is opened. A secret that is not opened is absent.
 */
export function inputVariables(parts: VariableParts, opened = NOTHING_OPENED): Record<string, unknown> {
  const variables: [string, unknown][] = [];
  for (const [name, value] of Object.entries(parts.values)) {
    const isList = Array.isArray(value);
    const hosts = parts.hosts.get(name)?.map(hostVariables);
    const rows = parts.rows.get(name);
    const objects = hosts ?? rows;
    if (objects !== undefined) variables.push([name, isList ? objects : objects[0]]);
    else if (parts.secretInputs.includes(name)) {
      const secret = opened.secrets.get(name);
      if (secret !== undefined) variables.push([name, secret]);
    } else if (typeof value === "object" && "sha256" in value) {
      const path = opened.filePaths.get(name);
      variables.push([name, path === undefined ? value : { ...value, path }]);
    } else variables.push([name, value]);
  }
  return Object.fromEntries(variables);
}

/** A host as expressions see it. */
export function hostVariables({ name, address, port, user, labels }: Host): Record<string, unknown> {
  return { name, address, port, user, labels: new Map(Object.entries(labels)) };
}
