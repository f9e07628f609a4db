import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

// The served document, and answers held against it.

export type Json = Record<string, unknown>;

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Json;
}

interface ResponseFacts {
  readonly content?: Readonly<Record<string, Json>>;
  readonly headers?: Readonly<Record<string, Json>>;
}

export interface DocumentedOperation {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Json | null;
  readonly responses: Readonly<Record<string, ResponseFacts>>;
  readonly permission: string;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

export function operationsOf({ paths }: Document): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const body = operation["requestBody"] as { content: Record<string, { schema: Json }> } | undefined;
      return {
        id: String(operation["operationId"]),
        method: method.toUpperCase(),
        path,
        parameters: operation["parameters"] as Parameter[],
        body: body?.content["application/json"]?.schema ?? null,
        responses: operation["responses"] as Record<string, ResponseFacts>,
        permission: String(operation["x-nightshift-permission"]),
      };
    }),
  );
}

/** Every schema that stands in the document, with where. */
export function schemasOf(document: Document): { readonly where: string; readonly schema: Json }[] {
  const found: { where: string; schema: Json }[] = [];
  const look = (value: unknown, where: string): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "schema" || key === "x-nightshift-item")
        found.push({ where: `${where}/${key}`, schema: inner as Json });
      else look(inner, `${where}/${key}`);
    }
  };
  look(document.paths, "");
  for (const [name, schema] of Object.entries(document.components.schemas))
    found.push({ where: name, schema });
  return found;
}

/** Compiles schemas of the document. `closed`: a member that no schema names is wrong. */
export class Schemas {
  readonly #ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  readonly #components: unknown;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #closed: boolean;

  constructor({ components }: Document, closed: boolean) {
    (formats as unknown as (ajv: unknown) => void)(this.#ajv);
    this.#ajv.addKeyword("components");
    this.#closed = closed;
    this.#components = closed ? close(components) : components;
  }

  /** What is wrong with a value; empty when nothing is. */
  problems(schema: Json, value: unknown): string[] {
    const key = JSON.stringify(schema);
    const validate = this.#compiled.get(key) ?? this.#compile(key, schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  #compile(key: string, schema: Json): ValidateFunction {
    const whole = { ...((this.#closed ? close(schema) : schema) as Json), components: this.#components };
    const validate = this.#ajv.compile(whole);
    this.#compiled.set(key, validate);
    return validate;
  }
}

/** The same schema, in which every object has the members that are named and no others. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== "object" || schema === null) return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
  const isObject = closed["type"] === "object" && closed["properties"] !== undefined;
  return isObject && closed["additionalProperties"] === undefined
    ? { ...closed, additionalProperties: false }
    : closed;
}
