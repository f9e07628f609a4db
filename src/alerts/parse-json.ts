import { DeliveryError } from "./alert.ts";
import { checkJsonBounds } from "./json-bounds.ts";
import type { DeliveryLimits } from "./limits.ts";

/** A body as parsed, and the text it was parsed from. */
export interface ParsedBody {
  readonly value: unknown;
  readonly text: string;
}

/**
 * Parses a body within its limits. `__proto__` and `constructor` stay plain members, duplicate keys keep the last value,
 * lone surrogates and U+0000 in strings become U+FFFD (no database column takes them). Throws {@link DeliveryError}.
 */
export function parseJson(body: Buffer, limits: DeliveryLimits): ParsedBody {
  const bounds = checkJsonBounds(body, limits);
  const raw = body.toString("utf8", bounds.start);
  const text = bounds.hasOddEscapes ? replaceOddEscapes(raw) : raw;
  try {
    return { value: JSON.parse(text) as unknown, text };
  } catch (error) {
    throw new DeliveryError([{ pointer: "", message: describeSyntaxError(error, text) }]);
  }
}

/** In order: an escaped surrogate pair, an escaped surrogate alone or a U+0000, and any other escape (so that `\\` is skipped). */
const ESCAPES =
  /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u(?:[dD][89a-fA-F][\da-fA-F]{2}|0000)|\\[\s\S]/g;
/** The length of `\uXXXX`; the pair is 12 long, other escapes match with 2. */
const LONE_ESCAPE_LENGTH = 6;

function replaceOddEscapes(text: string): string {
  return text.replace(ESCAPES, (escape) => (escape.length === LONE_ESCAPE_LENGTH ? "\\ufffd" : escape));
}

/** Where the text stops being JSON, without V8's excerpt of the body: answers are logged by senders. */
function describeSyntaxError(error: unknown, text: string): string {
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  if (text.trim() === "") return "the body is blank; send the alerts as JSON";
  if (position === undefined) return "the body is not JSON, or was cut off";
  return `the body is not JSON: unexpected text at character ${position}`;
}
