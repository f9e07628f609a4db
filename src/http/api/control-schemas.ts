import { z } from "zod";
import { durationSchema, nameSchema } from "../../platform/schemas.ts";
import { isId } from "../../platform/ids.ts";
import { invalidBody } from "./json-body.ts";

const TEXT_CHARS_MAX = 2_000;

/** What a person writes. PostgreSQL's text has no NUL and no half of a surrogate pair. */
const wordsSchema = z
  .string()
  .max(TEXT_CHARS_MAX, `has at most ${TEXT_CHARS_MAX} characters`)
  .refine((text) => !text.includes("\0"), "has a NUL character in it")
  .transform((text) => text.toWellFormed().trim());

const reasonSchema = wordsSchema.refine((text) => text !== "", "say why; people will ask");

/** One of both says when it ends: a time, or how long from now on. */
const endKeys = {
  until: z.iso
    .datetime({ offset: true, error: "write an RFC 3339 time, such as 2026-11-23T07:00:00Z" })
    .nullish(),
  for: durationSchema.nullish(),
};

export const newPauseSchema = z.strictObject({
  name: nameSchema.refine((name) => !isId(name), "a name does not look like an id"),
  scope: wordsSchema,
  reason: reasonSchema,
  ...endKeys,
});

export const holdSchema = z.strictObject({ reason: reasonSchema, ...endKeys });

export const decisionSchema = z.strictObject({
  comment: wordsSchema.nullish(),
  plan_digest: z.string().max(200).nullish(),
});

type End = Pick<z.output<typeof holdSchema>, "until" | "for">;

/** Milliseconds since 1970. Throws 422 unless exactly one of both is there, and in the future. */
export function endOf(body: End, nowMs: number): number {
  const { until, for: forMs } = body;
  const problem = (pointer: string, code: string, message: string) =>
    invalidBody([{ pointer, code, message }]);
  if (typeof until === "string" && typeof forMs === "number")
    throw problem("/for", "invalid", "write until or for, not both");
  if (typeof forMs === "number") {
    const untilMs = nowMs + forMs;
    if (forMs <= 0) throw problem("/for", "not_in_future", "must be longer than 0s");
    if (untilMs > TIME_MAX_MS) throw problem("/for", "invalid", "ends after the year 9999");
    return untilMs;
  }
  if (typeof until !== "string") throw problem("/until", "missing", "write when it ends: until, or for");
  const untilMs = Date.parse(until);
  if (Number.isNaN(untilMs) || untilMs > TIME_MAX_MS)
    throw problem("/until", "invalid", "is no time of this calendar");
  if (untilMs <= nowMs) throw problem("/until", "not_in_future", "is over already");
  return untilMs;
}

/** What RFC 3339 can write. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31, 23, 59, 59);
