import { z } from "zod";
import { compileRe2, Re2Error } from "../../expressions/re2.ts";
import { textSchema } from "../../platform/schemas.ts";
import type { Refusal, Wrong } from "./kind.ts";

/** Texts from outside become arguments and environment variables; the kernel takes 128 KiB of each. */
export const TEXT_CHARS_MAX = 16 * 1024;

/** What texts of people, and the text of a secret, are checked by. Lengths count characters (Unicode code points). */
export const TEXT_KEYS = {
  pattern: textSchema.min(1).optional().meta({ description: "RE2, on the whole value" }),
  min_length: z.int().min(0).max(TEXT_CHARS_MAX).default(1),
  max_length: z.int().min(1).max(TEXT_CHARS_MAX).default(1024),
  multiline: z.boolean().default(false),
};

export interface TextLimits {
  readonly pattern?: string | undefined;
  readonly min_length: number;
  readonly max_length: number;
  readonly multiline: boolean;
}

/** Control characters, line separators, and marks that reverse the text an approver reads. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u;
const UNPRINTABLE_IN_LINES = /[^\P{Cc}\n\t]|[\p{Cs}\u2028-\u202e\u2066-\u2069]/u;

/** Whether a text of one line has something in it that a person would not see. */
export function isUnprintable(text: string): boolean {
  return UNPRINTABLE.test(text);
}

/** Why the text does not fit; undefined when it does. The text itself is never part of the message. */
export function textRefusal(limits: TextLimits, given: string): Refusal | undefined {
  const { min_length: lengthMin, max_length: lengthMax, pattern, multiline } = limits;
  const length = codePoints(given);
  if (length < lengthMin) {
    const found = given === "" ? "the value is empty; " : "";
    return { code: "too-short", message: `${found}at least ${characters(lengthMin)} needed` };
  }
  if (length > lengthMax) return { code: "too-long", message: `at most ${characters(lengthMax)} allowed` };
  if ((multiline ? UNPRINTABLE_IN_LINES : UNPRINTABLE).test(given)) {
    const what = multiline ? "a control character" : "a line break or another control character";
    const fix = multiline ? "only line breaks and tabs may stand between the text" : "write it in one line";
    return { code: "control-character", message: `the value has ${what} in it; ${fix}` };
  }
  if (pattern !== undefined && !fitsPattern(pattern, given))
    return { code: "pattern", message: `the whole value must match ${pattern}` };
  return undefined;
}

/** As JSON Schema counts: two halves of one character are one. */
function codePoints(text: string): number {
  return text.replaceAll(/[\ud800-\udbff][\udc00-\udfff]/g, "_").length;
}

function characters(count: number): string {
  return count === 1 ? "1 character is" : `${count} characters are`;
}

function fitsPattern(pattern: string, given: string): boolean {
  try {
    return compileRe2(pattern).matchesWhole(given);
  } catch (error) {
    // The pattern was compiled at load, so the text was too much for it: refused, as any text that does not fit.
    if (error instanceof Re2Error) return false;
    throw error;
  }
}

export function textProblem(limits: TextLimits): Wrong | undefined {
  try {
    if (limits.pattern !== undefined) compileRe2(limits.pattern);
  } catch (error) {
    if (!(error instanceof Re2Error)) throw error;
    return { key: "pattern", message: error.message };
  }
  return limits.min_length > limits.max_length
    ? { key: "max_length", message: "max_length is less than min_length" }
    : undefined;
}

/** The limits in JSON Schema. A pattern that only RE2 knows is left out: the server judges by it all the same. */
export function textLimitsSchema(limits: TextLimits): Record<string, unknown> {
  const pattern = `^(?:${limits.pattern ?? ""})$`;
  return {
    minLength: limits.min_length,
    maxLength: limits.max_length,
    ...(limits.pattern === undefined || !isEcmaPattern(pattern) ? {} : { pattern }),
  };
}

function isEcmaPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u").source !== "";
  } catch {
    return false;
  }
}
