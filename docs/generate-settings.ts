import { writeFileSync } from "node:fs";
import { jsonSchemaOf } from "../src/cli/schema.ts";

// Writes settings.md, beside this file, from the JSON Schema of the settings: node docs/generate-settings.ts

interface Schema {
  readonly type?: "array" | "object" | "integer" | "boolean" | "string" | readonly ["string", "number"];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const INTRODUCTION = `# Settings

Everything that \`nightshift.yml\` may hold. Written from the schema by \`node docs/generate-settings.ts\`; a test fails when it is not up to date.

- The file is the one given by \`--config.file\`, else \`nightshift.yml\` in the folder where the service is started, else the one that is shipped with the program. An empty file means all defaults. A key that is not known is an error.
- Relative paths and globs are relative to the file's folder. \`storage.path\` alone is relative to where the service is started.
- A duration is written as in Prometheus: \`90s\`, \`5m\`, \`1h30m\`. A size has its unit: \`512KiB\`, \`16MiB\`.
- A secret is never in the file. It is \`{file: path}\`, \`{env: NAME}\` or \`{command: [program, argument]}\`; line breaks at its end are taken off. Where "one or two secrets" stands, a list of two is accepted, and both hold while one replaces the other.
- \`nightshift check\` reads this file and everything it names, and reads no secret. \`nightshift schema settings\` prints the schema for editors.
- What a reload takes on, and what needs a restart: [operations.md](operations.md#reload).
`;

/** The whole of settings.md. */
export function settingsReference(): string {
  const schema = jsonSchemaOf("settings") as Schema;
  const sections = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const rows = rowsOf(name, value, false);
    const lines = rows.map((row) => `| ${row.join(" | ")} |`);
    return `## ${name}\n\n| key | value | default | meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`;
  });
  return [INTRODUCTION, ...sections].join("\n");
}

type Row = readonly [key: string, value: string, initial: string, meaning: string];

/** The row of a key and those of the keys below it. */
function rowsOf(path: string, schema: Schema, isRequired: boolean): Row[] {
  // Such a key is there only for its message: it belongs to a later version.
  if (schema.description?.startsWith("Not available") === true) return [];
  const below = belowOf(path, schema);
  // An object that only holds others says nothing by itself.
  if (below.length > 0 && schema.description === undefined && schema.type === "object") return below;
  const initial = isRequired ? "required" : defaultOf(schema);
  return [[`\`${path}\``, cell(valueOf(schema)), initial, cell(schema.description ?? "")], ...below];
}

function belowOf(path: string, schema: Schema): Row[] {
  if (isSecret(schema) || isSecrets(schema)) return [];
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, value]) =>
    rowsOf(`${path}.${name}`, value, schema.required?.includes(name) ?? false),
  );
  const ofItems = schema.items === undefined ? [] : belowOf(`${path}[]`, schema.items);
  const ofBranches = (schema.anyOf ?? []).flatMap((branch) => belowOf(path, branch));
  return [...own, ...ofItems, ...ofBranches];
}

function valueOf(schema: Schema): string {
  if (isSecret(schema)) return "secret";
  if (isSecrets(schema)) return "one or two secrets";
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(branchOf))].join(", or ");
  if (schema.type === undefined) return textKind(schema);
  if (typeof schema.type === "object") return "text or number";
  switch (schema.type) {
    case "array":
      return `list of ${schema.items === undefined ? "anything" : plural(valueOf(schema.items))}`;
    case "object":
      return typeof schema.additionalProperties === "object"
        ? `map of ${plural(valueOf(schema.additionalProperties))}`
        : "object";
    case "integer":
      return schema.minimum === undefined ? "number" : `number from ${schema.minimum}`;
    case "boolean":
      return "`true`, `false`";
    case "string":
      return textKind(schema);
  }
}

/** One of several forms: an object is named by the only key it must have, as in `bearer: …`. */
function branchOf(branch: Schema): string {
  const [only] = branch.required ?? [];
  return branch.type === "object" && only !== undefined && !isSecret(branch)
    ? `\`${only}:\``
    : valueOf(branch);
}

/** Durations and sizes are told by the form of their default. */
function textKind({ default: initial }: Schema): string {
  if (typeof initial !== "string") return "text";
  if (/^(\d+(ms|[smhdwy]))+$/.test(initial)) return "duration";
  return /^\d+(B|[KMGT]iB)$/.test(initial) ? "size" : "text";
}

function plural(value: string): string {
  return value === "text" || value === "object" || value === "secret" ? `${value}s` : value;
}

function isSecret(schema: Schema): boolean {
  const keys = (schema.anyOf ?? []).map((branch) => branch.required?.join());
  return keys.join(" ") === "file env command";
}

function isSecrets(schema: Schema): boolean {
  const [one, list] = schema.anyOf ?? [];
  return one !== undefined && list?.items !== undefined && isSecret(one) && isSecret(list.items);
}

function defaultOf(schema: Schema): string {
  const { default: initial } = schema;
  if (initial === undefined || JSON.stringify(initial) === "{}") return "";
  return `\`${typeof initial === "string" ? initial : JSON.stringify(initial)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

if (import.meta.main) writeFileSync(new URL("settings.md", import.meta.url), settingsReference());
