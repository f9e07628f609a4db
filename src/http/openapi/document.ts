import { problemSchema } from "../api/shapes/common.ts";
import type { ApiOperation } from "../routes.ts";
import { answersOf, bodyOf, parametersOf, responsesOf, securityOf } from "./operations.ts";
import { type JsonSchema, jsonSchemas } from "./schemas.ts";

export interface DocumentOptions {
  readonly version: string;
  readonly externalUrl: string;
  /** Name of the cookie that holds a session. */
  readonly sessionCookie: string;
}

const DESCRIPTION = `Times are RFC 3339 in UTC. What is not known is null, and nothing is left out. Later versions add members: ignore those
that you do not know. A list is \`{"items", "next"}\`: give \`next\` as \`after\` to get the page behind it, until it is null. Every error
is a problem (RFC 9457). \`x-nightshift-permission\` says what whoever calls needs: a permission, \`known\` for anybody who has said who they are,
or \`open\`. Where no login is configured, everybody who can connect is the local admin.`;

/** The OpenAPI 3.1 document of these operations, made from the schemas that validate them. */
export function openApiDocument(operations: readonly ApiOperation[], options: DocumentOptions): JsonSchema {
  const inputs = jsonSchemas(new Map(operations.flatMap(inputsOf)), "input");
  const answered = operations.flatMap((operation) =>
    [...answersOf(operation)].map(([status, schema]) => [`${keyOf(operation)} ${status}`, schema] as const),
  );
  const outputs = jsonSchemas(new Map([...answered, ["problem", problemSchema]]), "output");
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const { facts, policy, tag } = operation;
    const key = keyOf(operation);
    const schemaOf = (status: string) => outputs.byKey.get(`${key} ${status}`);
    const path = (paths[templateOf(operation.path)] ??= {});
    path[operation.method] = {
      operationId: facts.id,
      tags: [tag],
      summary: facts.summary,
      ...(facts.description === undefined ? {} : { description: facts.description }),
      parameters: parametersOf(operation, (name) => inputs.byKey.get(`${key} ${name}`)),
      ...bodyOf(operation, inputs.byKey.get(`${key} body`)),
      responses: responsesOf(operation, schemaOf),
      ...securityOf(policy),
    };
  }
  return {
    openapi: "3.1.1",
    info: { title: "Nightshift", version: options.version, description: DESCRIPTION },
    servers: [{ url: `${options.externalUrl}/api/v1` }],
    security: [{ token: [] }, { session: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...inputs.named, ...outputs.named },
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token of POST /tokens." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: options.sessionCookie,
          description: "Set by POST /session; changes need an Origin of the service itself.",
        },
      },
    },
  };
}

function keyOf({ method, path }: ApiOperation): string {
  return `${method} ${path}`;
}

/** `/runs/:id/artifacts/*path` is `/runs/{id}/artifacts/{path}`. */
function templateOf(path: string): string {
  return path.replaceAll(/[:*]([a-z]+)/g, "{$1}");
}

function inputsOf(operation: ApiOperation) {
  const { query, body, headers = [] } = operation.facts;
  const key = keyOf(operation);
  return [
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => [`${key} query ${name}`, schema] as const),
    ...headers.map(({ name, schema }) => [`${key} header ${name}`, schema] as const),
    ...(body === undefined ? [] : [[`${key} body`, body] as const]),
  ];
}
