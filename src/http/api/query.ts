import { z } from "zod";
import { parseTimestampMs } from "../../alerts/timestamps.ts";
import { MatcherError, parseMatchers } from "../../expressions/matchers.ts";
import { isId } from "../../platform/ids.ts";

// Parameters of query strings. A message goes on from the name of its parameter: "limit is a whole number from 1 to 200".

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

interface Range {
  readonly min: number;
  readonly max: number;
  /** When it is left out. */
  readonly otherwise: number;
}

/** A whole number. */
export function numberParameter({ min, max, otherwise }: Range, description: string) {
  return wholeNumber(min, max)
    .default(otherwise)
    .meta({ means: { type: "integer", minimum: min, maximum: max, default: otherwise }, description });
}

/** A whole number; null when it is left out. */
export function numberOrNone({ min, max }: Pick<Range, "min" | "max">, description: string) {
  return wholeNumber(min, max)
    .nullable()
    .default(null)
    .meta({ means: { type: "integer", minimum: min, maximum: max }, description });
}

function wholeNumber(min: number, max: number) {
  const message = `is a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .refine((number) => number >= min && number <= max, message);
}

/** A page of a list: at most `limit` items after this cursor, which is an id where the list does not say otherwise. */
export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

/** The keys of a list's pages. */
export function pageKeys(isCursor: (text: string) => boolean = isId) {
  return {
    limit: numberParameter({ min: 1, max: LIMIT_MAX, otherwise: LIMIT_DEFAULT }, "Items of one page."),
    after: z
      .string()
      .refine(isCursor, "is the `next` of an earlier page")
      .nullable()
      .default(null)
      .meta({ means: { type: "string" }, description: "The `next` of the page before." }),
  };
}

export const pageQuery = z.strictObject(pageKeys());

/** One of some words; null when it is left out. */
export function wordParameter<const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
) {
  return z
    .enum(words, { error: `is one of ${words.join(", ")}` })
    .nullable()
    .default(null)
    .meta({ means: { type: "string", enum: words }, description });
}

/** `?name`, `?name=true`: yes; `?name=false`, or left out: no. */
export function flagParameter(description: string) {
  return z
    .enum(["", "true", "false"], { error: "is true or false" })
    .default("false")
    .transform((text) => text !== "false")
    .meta({ means: { type: "boolean", default: false }, description });
}

const TEXT_CHARS_MAX = 300;

/** A text as it is stored; null when it is left out. PostgreSQL's text has no NUL. */
export function textParameter(description: string) {
  return z
    .string()
    .max(TEXT_CHARS_MAX, `is a text of at most ${TEXT_CHARS_MAX} characters`)
    .refine((text) => !text.includes("\0"), "has a NUL character in it")
    .nullable()
    .default(null)
    .meta({ means: { type: "string" }, description });
}

/** A time; milliseconds since 1970, null when it is left out. */
export function timeParameter(description: string) {
  return z
    .string()
    .refine(
      (text) => parseTimestampMs(text) !== undefined,
      "is an RFC 3339 time, such as 2026-11-23T07:00:00Z",
    )
    .transform((text) => parseTimestampMs(text) ?? null)
    .nullable()
    .default(null)
    .meta({ means: { type: "string", format: "date-time" }, description });
}

const FILTER_CHARS_MAX = 2_000;
/** Each is judged for thousands of alerts or hosts, and one that is a regular expression takes microseconds. */
const MATCHERS_MAX = 20;

/** Matchers over labels; none when it is left out. */
export function matchersParameter(things: string, example: string) {
  return z
    .string()
    .max(FILTER_CHARS_MAX, `is a text of at most ${FILTER_CHARS_MAX} characters`)
    .default("")
    .transform((text, context) => {
      try {
        const matchers = parseMatchers(text);
        if (matchers.length <= MATCHERS_MAX) return matchers;
        const message = `has ${matchers.length} matchers; at most ${MATCHERS_MAX} are taken, so leave some out`;
        context.addIssue({ code: "custom", message });
        return z.NEVER;
      } catch (error) {
        if (!(error instanceof MatcherError)) throw error;
        context.addIssue({ code: "custom", message: `is a list of matchers: ${error.message}` });
        return z.NEVER;
      }
    })
    .meta({
      means: { type: "string" },
      description: `Only ${things} whose labels fit all of these matchers, in Alertmanager's grammar: \`${example}\`.`,
    });
}
