import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import type { z } from "zod";
import { SAFE_METHODS } from "../cross-site.ts";
import { identityOf } from "../identity.ts";
import { HttpProblem, type ProblemError } from "../problems.ts";

const BODY_BYTES_MAX = 1024 * 1024;
/** Of calls that bring the inputs of a runbook, with files among them. */
const INPUTS_BYTES_MAX = 16 * 1024 * 1024;
/** As deliveries may have, and more than anything of ours has. */
const DEPTH_MAX = 100;
const LOGIN_PATH = "/session";
const TAKES_INPUTS = /^\/(runbooks\/[^/]+\/[a-z]+|runs\/[^/]+\/rerun)$/;

/**
 * Reads the bodies of the API's own calls. A body must be declared as `application/json` (415), which a form of a browser cannot do,
 * and be a JSON object (400). A call without a body needs no declaration.
 */
export function jsonBodies(): RequestHandler[] {
  const parseSmall = express.json({ limit: BODY_BYTES_MAX, inflate: false });
  const parseInputs = express.json({ limit: INPUTS_BYTES_MAX, inflate: false });
  const requireJson = (request: Request, _response: Response, next: NextFunction): void => {
    const type = request.get("content-type");
    const hasBody =
      request.get("transfer-encoding") !== undefined || Number(request.get("content-length") ?? 0) > 0;
    const isBodyRead = hasBody || (type !== undefined && !SAFE_METHODS.has(request.method));
    if (isBodyRead && !isJson(type ?? ""))
      throw new HttpProblem(415, "Unsupported media type", "send JSON, with Content-Type: application/json");
    next();
  };
  const read = (request: Request, response: Response, next: NextFunction): void => {
    // Whoever does not say who they are is refused by every route but that of the login: nothing is held in memory for them.
    if (identityOf(request) === null && request.path !== LOGIN_PATH) return next();
    (TAKES_INPUTS.test(request.path) ? parseInputs : parseSmall)(request, response, (error?: unknown) => {
      if (error !== undefined) return next(bodyProblem(error, request));
      if (!isDeeperThan(request.body, DEPTH_MAX)) return next();
      next(new HttpProblem(400, "Bad request", `the body is nested more than ${DEPTH_MAX} levels deep`));
    });
  };
  return [requireJson, read];
}

/** Looked at level by level: what goes down by calling itself has no stack left for what is sent to do that. */
function isDeeperThan(value: unknown, levelsMax: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levelsMax) return true;
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null
        ? Object.values(one).filter((part) => typeof part === "object")
        : [],
    );
  }
  return false;
}

function isJson(type: string): boolean {
  return /^application\/json\s*(;|$)/i.test(type.trim());
}

function bodyProblem(error: unknown, { path }: Request): unknown {
  const status: unknown = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 413) {
    const bytesMax = TAKES_INPUTS.test(path) ? INPUTS_BYTES_MAX : BODY_BYTES_MAX;
    return new HttpProblem(413, "Too large", `a body of this API has at most ${bytesMax} bytes`);
  }
  if (status === 415)
    return new HttpProblem(415, "Unsupported media type", "send UTF-8 that is not compressed");
  return status === 400 ? new HttpProblem(400, "Bad request", "the body is no JSON object") : error;
}

/** The body as the schema has it; none at all is an empty object. Throws 422 with a pointer to everything that is wrong. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  const body: unknown = request.body ?? {};
  const parsed = schema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalidBody(parsed.error.issues.flatMap(errorsOf));
}

export function invalidBody(errors: readonly ProblemError[]): HttpProblem {
  const detail = errors.length === 1 ? "one value cannot be used" : `${errors.length} values cannot be used`;
  return new HttpProblem(422, "Invalid body", detail, { errors });
}

function errorsOf(issue: z.core.$ZodIssue): ProblemError[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      code: "unknown_key",
      message: "there is no such key",
    }));
  const isMissing = issue.code === "invalid_type" && issue.input === undefined;
  const code = isMissing ? "missing" : issue.code;
  return [{ pointer: pointerOf(issue.path), code, message: isMissing ? "is required" : issue.message }];
}

/** JSON pointer (RFC 6901). */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
