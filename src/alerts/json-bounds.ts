import { isUtf8 } from "node:buffer";
import { DeliveryError } from "./alert.ts";
import type { DeliveryLimits } from "./limits.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;
const OBJECT_OPEN = 0x7b;
const OBJECT_CLOSE = 0x7d;

/** What the scan saw of a body that is within its limits. */
export interface JsonBounds {
  /** Where the document begins: after a byte order mark. */
  readonly start: number;
  /** A string holds an escape such as `\ud800` or `\u0000`, which may be no text that can be stored. */
  readonly hasOddEscapes: boolean;
}

/**
 * Reads the bytes once and refuses what would make `JSON.parse` slow or its result huge: depth, members and array items over
 * the limits, and bytes that are no UTF-8. Whether it is JSON at all is left to `JSON.parse`. Throws {@link DeliveryError}.
 */
export function checkJsonBounds(body: Buffer, limits: DeliveryLimits): JsonBounds {
  const start = checkEncoding(body);
  const { depthMax, keysMax, arrayItemsMax } = limits;
  // Whether each open bracket is an array's.
  const arrayAtDepth = new Uint8Array(depthMax + 1);
  const end = body.length;
  let depth = 0;
  let isInArray = 0;
  let keys = 0;
  let arrayItems = 0;
  let hasOddEscapes = false;
  for (let index = start; index < end; index += 1) {
    const byte = body[index];
    if (byte === QUOTE) {
      // Inlined, because strings are nine tenths of a body.
      let at = index + 1;
      for (; at < end; at += 1) {
        const inside = body[at];
        if (inside === QUOTE) break;
        if (inside !== BACKSLASH) continue;
        at += 1;
        if (body[at] === LETTER_U && isOddEscape(body, at)) hasOddEscapes = true;
      }
      index = at;
    } else if (byte === COMMA) {
      arrayItems += isInArray;
    } else if (byte === COLON) {
      keys += 1;
    } else if (byte === OBJECT_OPEN || byte === ARRAY_OPEN) {
      depth += 1;
      if (depth > depthMax) throw tooLarge(`nested deeper than ${depthMax} levels, at byte ${index}`);
      isInArray = byte === ARRAY_OPEN ? 1 : 0;
      arrayItems += isInArray;
      arrayAtDepth[depth] = isInArray;
    } else if (byte === OBJECT_CLOSE || byte === ARRAY_CLOSE) {
      depth = depth > 0 ? depth - 1 : 0;
      isInArray = arrayAtDepth[depth] ?? 0;
    }
  }
  if (keys > keysMax) throw tooLarge(`${keys} object members, more than ${keysMax}`);
  if (arrayItems > arrayItemsMax) throw tooLarge(`${arrayItems} array items, more than ${arrayItemsMax}`);
  return { start, hasOddEscapes };
}

/** Whether the `\uXXXX` whose `u` is at `index` is a surrogate (`d8`–`df`) or U+0000. */
function isOddEscape(body: Buffer, index: number): boolean {
  const first = body[index + 1];
  if (first === 0x64 || first === 0x44) return true;
  return first === 0x30 && body[index + 2] === 0x30 && body[index + 3] === 0x30 && body[index + 4] === 0x30;
}

/** Where the text begins. */
function checkEncoding(body: Buffer): number {
  if (body.length === 0) throw invalid("the body is empty; send the alerts as JSON");
  // No JSON document begins with, or has as its second byte, a zero; in UTF-16 and UTF-32 each one has.
  const [first, second] = body;
  const isMarkedUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarkedUtf16 || first === 0 || second === 0) throw invalid("the body is UTF-16 or UTF-32; send UTF-8");
  if (!isUtf8(body)) throw invalid("the body is not valid UTF-8");
  return first === 0xef && second === 0xbb && body[2] === 0xbf ? 3 : 0;
}

function invalid(message: string): DeliveryError {
  return new DeliveryError([{ pointer: "", message }]);
}

function tooLarge(message: string): DeliveryError {
  return new DeliveryError([{ pointer: "", message }], "too_large");
}
