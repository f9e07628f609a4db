import type { Request } from "express";
import { isId } from "../../platform/ids.ts";
import { HttpProblem } from "../problems.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

/** A page of a list: at most `limit` items after this cursor, which is an id where the list does not say otherwise. */
export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

/** Reads `?limit=1..200&after=CURSOR`; anything else there is 400. */
export function readPage(request: Request, isCursor: (text: string) => boolean = isId): Page {
  const { limit: limitText, after } = request.query;
  const limit = limitText === undefined ? LIMIT_DEFAULT : Number(limitText);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new HttpProblem(400, "Bad request", `limit is a whole number from 1 to ${LIMIT_MAX}`);
  }
  if (after !== undefined && (typeof after !== "string" || !isCursor(after))) {
    throw new HttpProblem(400, "Bad request", "after is the `next` of an earlier page");
  }
  return { limit, after: after ?? null };
}
