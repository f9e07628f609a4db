// Bodies that would hurt the parser, or that no database column takes: numbers as in the bad-input catalogue.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DeliveryError, type DeliveryErrorCode } from "../../src/alerts/alert.ts";
import { checkJsonBounds } from "../../src/alerts/json-bounds.ts";
import { DEFAULT_DELIVERY_LIMITS } from "../../src/alerts/limits.ts";
import { parseJson } from "../../src/alerts/parse-json.ts";

const LIMITS = { ...DEFAULT_DELIVERY_LIMITS, keysMax: 1_000, arrayItemsMax: 1_000 };
const parse = (body: string | Buffer): unknown => parseJson(Buffer.from(body as Buffer), LIMITS).value;

function refusal(body: string | Buffer): { code: DeliveryErrorCode; message: string } {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof DeliveryError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("was not refused");
}

/** Anything but a DeliveryError goes on, and fails the test. */
function outcomeOf(read: () => unknown): string {
  try {
    read();
    return "parsed";
  } catch (error) {
    if (error instanceof DeliveryError) return "refused";
    throw error;
  }
}

describe("refused", () => {
  test.each<[string, string | Buffer, DeliveryErrorCode, string]>([
    ["1 nothing", "", "invalid", "empty"],
    ["2 spaces", "  \n ", "invalid", "blank"],
    ["32 invalid UTF-8", Buffer.from([0x22, 0xc3, 0x28, 0x22]), "invalid", "UTF-8"],
    ["34 UTF-16 with mark", Buffer.from('\ufeff{"a":1}', "utf16le"), "invalid", "UTF-16"],
    ["34 UTF-16 without mark", Buffer.from('{"a":1}', "utf16le"), "invalid", "UTF-16"],
    ["34 UTF-16 big-endian", Buffer.from('{"a":1}', "utf16le").swap16(), "invalid", "UTF-16"],
    ["37 100,000 arrays", "[".repeat(100_000), "too_large", "nested deeper than 32"],
    ["33 levels", `${"[".repeat(33)}${"]".repeat(33)}`, "too_large", "nested deeper than 32"],
    ["38 20,000 objects", '{"a":'.repeat(20_000), "too_large", "nested deeper than 32"],
    ["39 too many keys", `{${Array(1_001).fill('"k":1').join()}}`, "too_large", "1001 object members"],
    ["40 too many items", `[${Array(1_002).fill("{}").join()}]`, "too_large", "1002 array items"],
    ["40 too many items one array each", `[${Array(600).fill("[1,2]").join()}]`, "too_large", "array items"],
    ["47 NaN", '{"a":NaN}', "invalid", "not JSON"],
    ["48 cut off", '{"alerts":[{"labels":{"a', "invalid", "not JSON"],
    ["48 cut off in an escape", '{"a":"\\', "invalid", "not JSON"],
    ["49 two documents", '{"a":1}{"a":2}', "invalid", "at character 7"],
    ["50 trailing comma", '{"a":1,}', "invalid", "not JSON"],
    ["50 comment", '{"a":1} // x', "invalid", "not JSON"],
    ["36 a NUL byte in a string", '{"a":"x\0y"}', "invalid", "not JSON"],
    ["closing more than was opened", "]]]]{}", "invalid", "not JSON"],
  ])("%s", (_name, body, code, message) => {
    expect(refusal(body)).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("the text of a refusal holds nothing of the body", () => {
    expect(refusal('{"password": "hunter2" oops}').message).not.toMatch(/hunter2|password|oops/);
  });
});

describe("survived", () => {
  test.each<[string, string | Buffer, unknown]>([
    ["33 a byte order mark", '\ufeff{"a":1}', { a: 1 }],
    ["35 a lone surrogate", '"x\\ud800y\\uDC00z"', "x\ufffdy\ufffdz"],
    ["35 a pair stays", '"\\ud83d\\ude00 \\ud83d"', "\u{1f600} \ufffd"],
    ["35 an escaped backslash is none", '"\\\\ud800"', "\\ud800"],
    ["36 U+0000", '{"a\\u0000":"\\u0000"}', { "a\ufffd": "\ufffd" }],
    ["other escapes stay", '"\\u003c\\u0041\\n\\"\\u0001"', '<A\n"\u0001'],
    ["41 duplicate keys keep the last", '{"a":1,"a":2}', { a: 2 }],
    ["45 1e400", "[1e400]", [Infinity]],
    ["46 beyond 2^53", "[12345678901234567890]", [12345678901234567000]],
    ["47 -0", "[-0]", [-0]],
    [
      "brackets and commas in strings count for nothing",
      `["${"[{,:".repeat(2_000)}"]`,
      ["[{,:".repeat(2_000)],
    ],
    ["32 levels", "[".repeat(32) + "]".repeat(32), JSON.parse("[".repeat(32) + "]".repeat(32))],
    ["51 null", "null", null],
  ])("%s", (_name, body, expected) => {
    expect(parse(body)).toEqual(expected);
  });

  test("42-44 names that objects have already are plain members", () => {
    const text =
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1,"then":2}';
    const value = parse(text) as object;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor", "hasOwnProperty", "then"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });
});

test("gives what JSON.parse gives for any JSON", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8, stringUnit: "grapheme" }), (text) => {
      expect(parse(text)).toEqual(JSON.parse(text.replaceAll("\\u0000", "\\ufffd")));
    }),
  );
});

test("any bytes are parsed or refused with a DeliveryError", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    "\\u",
    "d800",
    "0000",
    ",",
    ":",
    "1",
    "é",
    "\ufeff",
  );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.array(pieces, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""))),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      expect(["parsed", "refused"]).toContain(outcomeOf(() => parseJson(body, LIMITS)));
    }),
    { numRuns: 500 },
  );
});

test("strings are well-formed after parsing, whatever was escaped in them", () => {
  const escape = fc.constantFrom("\\ud83d", "\\ude00", "\\\\", "\\u0000", "u", "d83d", "\\n", '\\"', "x");
  fc.assert(
    fc.property(fc.array(escape, { maxLength: 20 }), (parts) => {
      const value = parse(`"${parts.join("")}"`) as string;
      expect(value.isWellFormed()).toBe(true);
      expect(value).not.toContain("\0");
      expect(value).toBe(
        (JSON.parse(`"${parts.join("")}"`) as string).toWellFormed().replaceAll("\0", "\ufffd"),
      );
    }),
    { numRuns: 500 },
  );
});

test("scans 4 MB of the worst kind in one pass", () => {
  const body = Buffer.from(`"${'\\"'.repeat(2_000_000)}"`);
  expect(checkJsonBounds(body, LIMITS)).toEqual({ start: 0, hasOddEscapes: false });
});
