// The scan that passes over most of a text finds the very same as one that tries every literal at every place.
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildLiterals, type LiteralOptions, LiteralScan } from "../../src/redaction/literals.ts";
import { LITERAL_BYTES_MIN } from "../../src/redaction/pair-filter.ts";

const RUNS = 30_000;

interface Case {
  readonly literals: readonly Buffer[];
  readonly options: LiteralOptions;
  readonly text: Buffer;
  /** Places in the text, ascending. */
  readonly cuts: readonly number[];
  /** How much more than needed is kept at each cut: it decides which places are even ones. */
  readonly kept: readonly number[];
}

/** Few different bytes, so that literals overlap, begin inside of each other and are nearly there. */
const byte = fc.constantFrom("a", "a", "b", "b", "c", "x", "-", "\0", "é");
const literal = fc
  .array(byte, { minLength: LITERAL_BYTES_MIN, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes.join(""), "latin1"));

const cases: fc.Arbitrary<Case> = fc
  .record({
    literals: fc.uniqueArray(literal, {
      minLength: 1,
      maxLength: 7,
      selector: (each) => each.toString("hex"),
    }),
    options: fc.record({ isFolded: fc.boolean(), skipsLineBreaks: fc.boolean() }),
  })
  .chain(({ literals, options }) =>
    fc.record({
      literals: fc.constant(literals),
      options: fc.constant(options),
      text: fc
        .array(partOf(literals), { maxLength: 14 })
        .map((parts) => Buffer.from(parts.join(""), "latin1")),
      cuts: fc
        .array(fc.nat({ max: 140 }), { maxLength: 6 })
        .map((places) => places.toSorted((one, other) => one - other)),
      kept: fc.array(fc.nat({ max: 3 }), { minLength: 7, maxLength: 7 }),
    }),
  );

/** Literals, what they begin with, all of that broken by line breaks and in capitals, and other text. */
function partOf(literals: readonly Buffer[]): fc.Arbitrary<string> {
  const piece = fc
    .tuple(fc.constantFrom(...literals), fc.nat({ max: 13 }))
    .map(([bytes, length]) => bytes.toString("latin1", 0, length));
  const broken = fc
    .tuple(piece, fc.nat({ max: 12 }), fc.nat({ max: 12 }), fc.constantFrom("\n", "\r\n", "\n\n\n"))
    .map(([text, one, other, lineBreak]) =>
      [text.slice(0, one), text.slice(one, one + other), text.slice(one + other)].join(lineBreak),
    );
  return fc.oneof(
    piece,
    broken,
    piece.map((text) => text.toUpperCase()),
    fc
      .array(fc.oneof(byte, fc.constantFrom("\n", "\r", "y", "Z")), { maxLength: 6 })
      .map((text) => text.join("")),
    fc.nat({ max: 40 }).map((length) => "y".repeat(length)),
  );
}

function isLineBreak(value: number | undefined): boolean {
  return value === 0x0a || value === 0x0d;
}

/** Where the literal ends that begins there; "under way" when the text ends first, null when it is not there. */
function endOf(bytes: Buffer, text: Buffer, from: number, { isFolded, skipsLineBreaks }: LiteralOptions) {
  let at = from;
  for (const [index, wanted] of bytes.entries()) {
    let lineBreakBytes = 0;
    while (skipsLineBreaks && index > 0 && isLineBreak(text[at]) && lineBreakBytes < 3) {
      at += 1;
      lineBreakBytes += 1;
    }
    if (lineBreakBytes > 2) return null;
    const found = text[at];
    if (found === undefined) return index === 0 ? null : "under way";
    const isCapital = isFolded && found >= 0x41 && found <= 0x5a;
    if ((isCapital ? found + 0x20 : found) !== wanted) return null;
    at += 1;
  }
  return at;
}

/** Every literal at every place. */
function naive({ literals, options, text }: Case): string[] {
  return literals
    .flatMap((bytes, index) =>
      Array.from({ length: text.byteLength }, (_, at) => at)
        .filter((at) => typeof endOf(bytes, text, at, options) === "number")
        .map((at) => `${index} at ${at}`),
    )
    .sort();
}

/** From where a literal is under way; also where one ends just here, which the automaton does not tell apart. */
function naiveUndecided({ literals, options }: Case, text: Buffer): number {
  const first = Array.from({ length: text.byteLength }, (_, at) => at).find((at) =>
    literals.some((bytes) => {
      const end = endOf(bytes, text, at, options);
      if (end === null || end === "under way") return end !== null;
      const rest = options.skipsLineBreaks ? /^[\r\n]{0,2}$/ : /^$/;
      return rest.test(text.toString("latin1", end));
    }),
  );
  return first ?? text.byteLength;
}

/** As a layer uses it: a new buffer for each piece, which keeps what is undecided. */
function scanned(given: Case): { found: string[]; undecided: [number, number][] } {
  const { text, cuts, kept } = given;
  const found: string[] = [];
  const undecided: [number, number][] = [];
  let start = 0;
  const scan = new LiteralScan(buildLiterals(given.literals, given.options), (index, at) =>
    found.push(`${index} at ${at + start}`),
  );
  let decided = 0;
  const ends = [...cuts.filter((cut) => cut <= text.byteLength), text.byteLength];
  for (const [index, end] of ends.entries()) {
    const from = Math.max(start, decided - (kept[index] ?? 0));
    const buffer = Buffer.concat([text.subarray(from, end), Buffer.from("#".repeat(9))]);
    scan.move(buffer, from - start);
    start = from;
    scan.scan(end - from);
    decided = scan.undecidedFrom + start;
    undecided.push([decided, naiveUndecided(given, text.subarray(0, end))]);
  }
  return { found: found.sort(), undecided };
}

test("finds what trying everything everywhere finds, however the text is cut", { timeout: 120_000 }, () => {
  let literals = 0;
  fc.assert(
    fc.property(cases, (given) => {
      const { found, undecided } = scanned(given);
      expect(found).toEqual(naive(given));
      for (const [decided, expected] of undecided) expect(decided).toBe(expected);
      literals += found.length;
    }),
    { numRuns: RUNS },
  );
  console.log(
    `PROMISE S9 scan: ${RUNS} random texts, ${literals} literals in them, the same as found one by one`,
  );
  expect(literals).toBeGreaterThan(RUNS / 2);
});

test("refuses a literal that holds no whole pair", () => {
  const options = { isFolded: false, skipsLineBreaks: false };
  expect(() => buildLiterals([Buffer.alloc(LITERAL_BYTES_MIN - 1)], options)).toThrow(RangeError);
});
