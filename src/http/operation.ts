import type { Request, Response } from "express";
import type { z } from "zod";

/** An answer that is no JSON of a schema: a file, or a stream. */
export interface Media {
  readonly kind: "media";
  readonly mediaTypes: readonly string[];
  readonly description: string;
  /** What one line or one event of a stream holds. */
  readonly item?: z.ZodType;
  readonly headers?: readonly AnswerHeader[];
}

/** No body at all. */
export interface Empty {
  readonly kind: "empty";
  readonly description: string;
}

/** A header of an answer, and what it says. */
export interface AnswerHeader {
  readonly name: string;
  readonly description: string;
}

/** JSON of a schema, with headers that matter. */
export interface WithHeaders {
  readonly kind: "with_headers";
  readonly schema: z.ZodType;
  readonly headers: readonly AnswerHeader[];
}

export type Answer = z.ZodType | Media | Empty | WithHeaders;

/** A header that a caller may send. */
export interface RequestHeader {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

/**
 * What the API says of one operation. Query and body are validated by these schemas, and the OpenAPI document is made from them;
 * a shape function and the schema of its answer are held together by its type.
 */
export interface OperationFacts<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodType = z.ZodType> {
  /** A verb and a noun in camelCase, such as `listRuns`. */
  readonly id: string;
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Further sentences. */
  readonly description?: string;
  /** None when it is left out; what is not in it is refused with 400. */
  readonly query?: Query;
  /** None when it is left out; what is not in it is refused with 422. */
  readonly body?: Body;
  readonly headers?: readonly RequestHeader[];
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** By status: problems beyond those that every operation of its kind can have. */
  readonly problems?: Readonly<Record<number, z.ZodType>>;
}

/** What a call brought, as its schemas have it. */
export interface Given<Query extends z.ZodObject, Body extends z.ZodType> {
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
}

export type ApiHandler<Query extends z.ZodObject, Body extends z.ZodType> = (
  request: Request,
  response: Response,
  given: Given<Query, Body>,
) => void | Promise<void>;

/** An answer with the address of what was made or begun. */
export function located(schema: z.ZodType): WithHeaders {
  return {
    kind: "with_headers",
    schema,
    headers: [{ name: "Location", description: "Where it is to be found." }],
  };
}

export function empty(description: string): Empty {
  return { kind: "empty", description };
}
