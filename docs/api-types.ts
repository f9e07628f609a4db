/** The part of a JSON Schema (2020-12) that the API's document uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly description?: string;
}

const HEAD = `// The shapes of the API, made from its OpenAPI document by docs/generate-api-types.ts. Not written by hand: change the schemas, and make it again.
/* oxlint-disable */
`;

/** The named schemas of an OpenAPI document as TypeScript, one exported type for each, and the words of closed lists. */
export function typesOf(document: {
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}): string {
  const types = Object.entries(document.components.schemas)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, schema]) => declarationOf(name, schema as Schema));
  return `${HEAD}\n${types.join("\n")}`;
}

/** A closed list of words is there as a list, too: what a form offers is what the API takes. */
function declarationOf(name: string, schema: Schema): string {
  if (schema.enum === undefined) return `export type ${name} = ${typeOf(schema, "")};\n`;
  const list = `${name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()}_WORDS`;
  return `export const ${list} = ${JSON.stringify(schema.enum)} as const;\nexport type ${name} = (typeof ${list})[number];\n`;
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "unknown";
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return several.map((one) => typeOf(one, indent)).join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeOf(one, indent)).join(" & ");
  const names =
    schema.type === undefined ? [] : typeof schema.type === "string" ? [schema.type] : schema.type;
  if (names.length === 0) return schema.properties === undefined ? "unknown" : objectType(schema, indent);
  return names.map((name) => plainType(name, schema, indent)).join(" | ");
}

function plainType(name: string, schema: Schema, indent: string): string {
  switch (name) {
    case "integer":
    case "number":
      return "number";
    case "array":
      return `readonly (${typeOf(schema.items ?? {}, indent)})[]`;
    case "object":
      return objectType(schema, indent);
    default:
      return name;
  }
}

function objectType(
  { properties = {}, required = [], additionalProperties }: Schema,
  indent: string,
): string {
  const names = Object.keys(properties);
  if (names.length === 0) {
    const values =
      typeof additionalProperties === "object" ? typeOf(additionalProperties, indent) : "unknown";
    return `{ readonly [name: string]: ${values} }`;
  }
  const inner = `${indent}  `;
  const members = names.map((name) => {
    const key = /^[a-z_][a-z0-9_]*$/i.test(name) ? name : JSON.stringify(name);
    return `${inner}readonly ${key}${required.includes(name) ? "" : "?"}: ${typeOf(properties[name] ?? {}, inner)};`;
  });
  return `{\n${members.join("\n")}\n${indent}}`;
}
