import { z } from "zod";
import { problemSchema } from "../api/shapes/common.ts";
import type { Answer, AnswerHeader } from "../operation.ts";
import type { ApiOperation, Policy } from "../routes.ts";
import type { JsonSchema } from "./schemas.ts";

// The parts of one operation in the document.

const PROBLEM = "application/problem+json";

/** The schemas of what an operation answers, by status: those that are JSON, and the problems. */
export function answersOf(operation: ApiOperation): ReadonlyMap<string, z.ZodType> {
  const answers = new Map<string, z.ZodType>();
  for (const [status, schema] of Object.entries(problemsOf(operation))) answers.set(status, schema);
  for (const [status, answer] of Object.entries(operation.facts.answers)) {
    const schema = schemaOf(answer);
    if (schema !== null) answers.set(status, schema);
  }
  return answers;
}

function schemaOf(answer: Answer): z.ZodType | null {
  if (answer instanceof z.ZodType) return answer;
  switch (answer.kind) {
    case "with_headers":
      return answer.schema;
    case "media":
      return answer.item ?? null;
    case "empty":
      return null;
  }
}

/** The problems of every operation of its kind, and its own. */
function problemsOf({ method, path, policy, facts }: ApiOperation): Record<number, z.ZodType> {
  const isChange = method !== "get";
  const statuses = [
    400,
    ...(policy.kind === "open" ? [] : [401]),
    ...(policy.kind === "may" || isChange ? [403] : []),
    ...(/[:*]/.test(path) ? [404] : []),
    ...(isChange ? [413, 415, 422] : []),
    500,
  ];
  const common = Object.fromEntries(statuses.map((status) => [status, problemSchema]));
  return { ...common, ...facts.problems };
}

type SchemaOf = (name: string) => JsonSchema | undefined;

export function parametersOf({ path, facts }: ApiOperation, schemaNamed: SchemaOf): JsonSchema[] {
  const inPath = [...path.matchAll(/([:*])([a-z]+)/g)].map(([, kind, name = ""]) => ({
    name,
    in: "path",
    required: true,
    ...(kind === "*" ? { description: "May hold slashes, as they are." } : {}),
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(facts.query?.shape ?? {}).map(([name, schema]) =>
    parameter("query", name, !schema.safeParse(undefined).success, schemaNamed(`query ${name}`)),
  );
  const inHeaders = (facts.headers ?? []).map(({ name, description }) => ({
    ...parameter("header", name, false, schemaNamed(`header ${name}`)),
    description,
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}

function parameter(
  place: "query" | "header",
  name: string,
  isRequired: boolean,
  { description, ...schema }: JsonSchema = {},
): JsonSchema {
  return {
    name,
    in: place,
    required: isRequired,
    ...(description === undefined ? {} : { description }),
    schema,
  };
}

/** A body of which nothing is required may be left out. */
export function bodyOf({ facts }: ApiOperation, schema: JsonSchema | undefined): JsonSchema {
  if (facts.body === undefined || schema === undefined) return {};
  const required = !facts.body.safeParse({}).success;
  return { requestBody: { required, content: { "application/json": { schema } } } };
}

export function responsesOf(operation: ApiOperation, schemaNamed: SchemaOf): JsonSchema {
  const problems = Object.keys(problemsOf(operation)).map((status) => [
    status,
    {
      description: TITLES[status] ?? "A problem.",
      content: { [PROBLEM]: { schema: schemaNamed(status) } },
    },
  ]);
  const answers = Object.entries(operation.facts.answers).map(([status, answer]) => [
    status,
    responseOf(answer, schemaNamed(status)),
  ]);
  return { ...Object.fromEntries(answers), ...Object.fromEntries(problems) };
}

function responseOf(answer: Answer, schema: JsonSchema | undefined): JsonSchema {
  if (answer instanceof z.ZodType) return jsonResponse(schema, []);
  switch (answer.kind) {
    case "with_headers":
      return jsonResponse(schema, answer.headers);
    case "empty":
      return { description: answer.description };
    case "media":
      return {
        description: answer.description,
        headers: headersOf(answer.headers ?? []),
        content: Object.fromEntries(
          // A line or an event is told of apart: the whole is no JSON.
          answer.mediaTypes.map((type) => [
            type,
            { schema: { type: "string" }, ...(schema === undefined ? {} : { "x-nightshift-item": schema }) },
          ]),
        ),
      };
  }
}

function jsonResponse(schema: JsonSchema | undefined, headers: readonly AnswerHeader[]): JsonSchema {
  return {
    description: "As asked.",
    ...(headers.length === 0 ? {} : { headers: headersOf(headers) }),
    content: { "application/json": { schema } },
  };
}

function headersOf(headers: readonly AnswerHeader[]): JsonSchema {
  return Object.fromEntries(
    headers.map(({ name, description }) => [name, { description, schema: { type: "string" } }]),
  );
}

/** Who may, and how they say who they are; anybody where it is open. */
export function securityOf(policy: Policy): JsonSchema {
  switch (policy.kind) {
    case "open":
      return { security: [], "x-nightshift-permission": "open" };
    case "known":
      return { "x-nightshift-permission": "known" };
    case "may":
      return {
        "x-nightshift-permission": policy.permission,
        "x-nightshift-permission-of": policy.of,
      };
  }
}

/** What a problem of a status says, whatever the operation. */
const TITLES: Readonly<Record<string, string>> = {
  400: "A parameter or the request itself cannot be read.",
  401: "Nobody has said who asks.",
  403: "Whoever asks may not do this.",
  404: "It is not there, or not for whoever asks.",
  409: "It does not go together with how things are now.",
  410: "It is no longer kept.",
  413: "The body is too large.",
  415: "The body is not declared as JSON.",
  416: "The range lies outside of the file.",
  422: "The body says something that cannot be used.",
  429: "Too many tries.",
  500: "The service failed; its log says why.",
  502: "Somebody else's service did not take it.",
  503: "Nothing was stored; try again.",
};
