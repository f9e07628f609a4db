// Looking at many lines at once finds exactly what looking at each line by itself finds, and makes many patterns cheap.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileRedactPatterns } from "../../src/settings/redact-patterns.ts";
import { createRedaction, type Redaction } from "../../src/redaction/redaction.ts";

const REGEXES = [
  "[0-9]{4}-[0-9]{3}",
  "^root:[^:]+",
  "key=[^ ]+$",
  "\\bid[0-9]+\\b",
  "x\\B[a-c]{3}",
  "(?i)PIN [0-9]{4}",
  "[^a-z\\n]{12}",
  "tok_[a-z]{8}",
  "é{2}",
  "\\x{ff}[0-9]{2}",
  "a.c|c.a",
  "\\Astart",
  "end\\z",
  "(?-m:^b[0-9])",
  "\\Q[1]\\E[0-9]",
];

const WORDS = [
  "1234-567",
  "root:x:0",
  "key=v alue",
  "key=value",
  "id77",
  "xid7",
  "xabc",
  "pin 1234",
  "............",
  "tok_abcdefgh",
];
const MORE = ["éé", "\u00ff12", "start", "end", "b1", "[1]2", "a\u2028c", "\r", " ", "-", "word", "\t"];

const lineOf = fc.array(fc.constantFrom(...WORDS, ...MORE), { maxLength: 6 }).map((words) => words.join(""));
const textOf = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 3, arbitrary: fc.constant("nothing to see") }, { weight: 1, arbitrary: lineOf }),
      fc.constantFrom("\n", "\n", "\r\n"),
      fc.boolean(),
    ),
    { maxLength: 120 },
  )
  .map((lines) =>
    Buffer.concat(
      lines.map(([line, end, isLatin1]) => Buffer.from(line + end, isLatin1 ? "latin1" : "utf8")),
    ),
  );

function patternsOf(regexes: readonly string[]) {
  return compileRedactPatterns({ patterns: regexes.map((regex, index) => ({ name: `p${index}`, regex })) });
}

function redacted(redaction: Redaction, bytes: Buffer, pieceBytes: number): string {
  const parts: Uint8Array[] = [];
  const stream = redaction.open({ emit: (part) => parts.push(Buffer.from(part)) });
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) stream.push(bytes.subarray(at, at + pieceBytes));
  stream.end();
  return Buffer.concat(parts).toString("latin1");
}

test("finds in many lines what it finds in each of them", { timeout: 60_000 }, () => {
  const rest = { known: [], onRedacted: () => {} };
  let found = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom(...REGEXES), { minLength: 1, maxLength: 8 }),
      textOf,
      fc.integer({ min: 1, max: 4_000 }),
      (regexes, text, pieceBytes) => {
        const patterns = patternsOf(regexes);
        const together = redacted(createRedaction({ ...rest, own: patterns }), text, pieceBytes);
        const byLine = redacted(
          createRedaction({ ...rest, own: patterns.map((pattern) => ({ ...pattern, inLines: null })) }),
          text,
          pieceBytes,
        );
        expect(together).toBe(byLine);
        if (together.includes("[redacted:")) found += 1;
      },
    ),
    { numRuns: 400 },
  );
  expect(found).toBeGreaterThan(50);
});

test("which patterns can be looked for in many lines at once", () => {
  const alone = patternsOf(REGEXES).filter(({ inLines }) => inLines === null);
  expect(alone.map(({ regex }) => regex)).toEqual(["\\Astart", "end\\z", "(?-m:^b[0-9])", "\\Q[1]\\E[0-9]"]);
});

/** Without a literal in any of them: nothing but the automaton can say where one might be. */
const DEAR = [
  "[0-9a-f]{40}",
  "[A-Z]{3}-[0-9]{6}",
  "\\b[0-9]{13,16}\\b",
  "[a-z]+[0-9]{6,}@[a-z]+",
  "[A-Z0-9]{20}",
  "[0-9]{3}-[0-9]{2}-[0-9]{4}",
  "[A-Za-z0-9+/]{60,}={0,2}",
  "(?i)[a-f0-9]{8}-[a-f0-9]{4}",
  "^[0-9]{4}/[0-9]{5}$",
  "[xyz][0-9]{10}",
  "[A-Z]{2}[0-9]{20}",
  "[0-9]{2}[A-Z]{4}[0-9]{6}",
  "[a-z]{3}[0-9]{3}[a-z]{3}",
  "[QWX]{2}[0-9]{8}",
  "[0-9]{19}",
  "[0-9A-F]{32}",
  "[^ ]{300}",
  "[A-Z]{15}",
  "[0-9]{6}-[0-9]{4}",
  "[G-Z]{7}[0-9]{7}",
];

/** What is worked on without a pause. */
const SLICE_BYTES = 64 * 1024;
const SLICE_MS_MAX = 20;

test.each([10, 20])("%s patterns without a literal hold nobody up", { timeout: 60_000 }, (count) => {
  const line = (index: number) =>
    `2026-11-23T03:12:45Z level=info trace=${(index * 2654435761).toString(16).padStart(32, "a7")} "GET /api/items?page=${index}" 200 in ${index % 997} ms\n`;
  const text = Buffer.from(Array.from({ length: 8_000 }, (_, index) => line(index)).join(""));
  const redaction = createRedaction({
    known: [],
    own: patternsOf(DEAR.slice(0, count)),
    onRedacted: () => {},
  });
  const slices: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const stream = redaction.open({ emit: () => {} });
    const before = process.cpuUsage();
    for (let at = 0; at < text.byteLength; at += SLICE_BYTES)
      stream.push(text.subarray(at, at + SLICE_BYTES));
    stream.end();
    const { user, system } = process.cpuUsage(before);
    slices.push((user + system) / 1_000 / (text.byteLength / SLICE_BYTES));
  }
  const bestMs = Math.min(...slices);
  console.log(
    `own patterns without a literal: ${count} of them cost ${bestMs.toFixed(1)} ms for 64 KiB (limit ${SLICE_MS_MAX} ms)`,
  );
  expect(bestMs).toBeLessThan(SLICE_MS_MAX);
});
