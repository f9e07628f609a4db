import type { Request } from "express";
import { z } from "zod";
import { closestWord } from "../platform/problems.ts";
import { parseBody } from "./api/json-body.ts";
import type { Given, OperationFacts } from "./operation.ts";
import { HttpProblem, type ProblemError } from "./problems.ts";
import type { Method } from "./routes.ts";

const NOTHING = z.strictObject({});

/** What a call brought. Throws 400 for its query, 422 for its body; each names everything that is wrong. */
export function readGiven<Query extends z.ZodObject, Body extends z.ZodType>(
  method: Method,
  { query, body }: OperationFacts<Query, Body>,
  request: Request,
): Given<Query, Body> {
  const given = {
    query: parseQuery(query ?? NOTHING, request),
    body: method === "get" ? {} : parseBody(body ?? NOTHING, request),
  };
  // Where a schema is left out, its type is that of the empty object.
  return given as Given<Query, Body>;
}

function parseQuery(schema: z.ZodObject, request: Request): unknown {
  const parsed = schema.safeParse(request.query);
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape);
  const errors = parsed.error.issues.flatMap((issue) => errorsOf(issue, request, known));
  const detail = errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join("; ");
  throw new HttpProblem(400, "Bad request", detail, { errors });
}

/** `pointer` is the name of the parameter. */
function errorsOf(issue: z.core.$ZodIssue, request: Request, known: readonly string[]): ProblemError[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      pointer: pointerTo(key),
      code: "unknown_parameter",
      message: `is no parameter of this call${advice(key, known)}`,
    }));
  const name = String(issue.path[0] ?? "");
  const value = request.query[name];
  const pointer = pointerTo(name);
  if (value === undefined) return [{ pointer, code: "missing", message: "is required" }];
  if (Array.isArray(value)) return [{ pointer, code: "repeated", message: "is given more than once" }];
  return [{ pointer, code: "invalid", message: issue.message }];
}

const NAME_CHARS_MAX = 64;

/** As a JSON pointer; cut, because it comes from outside and goes into logs. */
function pointerTo(name: string): string {
  return `/${name.slice(0, NAME_CHARS_MAX).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function advice(name: string, known: readonly string[]): string {
  if (known.length === 0) return "; it has none";
  const meant = closestWord(name, known);
  return meant === undefined ? `; it has ${known.join(", ")}` : `; did you mean ${meant}?`;
}
