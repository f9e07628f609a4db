// What the log on a page is made of, without a browser: colours, the scrollbar's scale, lines that come in parts.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classesOf, PLAIN, plainText, readLine } from "../../src/ui/pieces/log/ansi.ts";
import { LINE_CHARS_MAX, LineCache } from "../../src/ui/pieces/log/line-cache.ts";
import { LogEnd } from "../../src/ui/pieces/log/log-end.ts";
import { scrollMap } from "../../src/ui/pieces/log/scroll-map.ts";
import { stepRows } from "../../src/ui/pieces/steps/step-rows.ts";

const seen = (line: string) => readLine(line, PLAIN).pieces.map(({ text, look }) => [text, classesOf(look)]);

describe("colours of a line", () => {
  test.each([
    ["plain", [["plain", ""]]],
    [
      "\u001b[31mred\u001b[0m no",
      [
        ["red", "ansi-red"],
        [" no", ""],
      ],
    ],
    ["\u001b[1;4;92mloud", [["loud", "ansi-bright-green ansi-bold ansi-underlined"]]],
    ["\u001b[38;5;208mpumpkin", [["pumpkin", "ansi-yellow"]]],
    ["\u001b[38;5;9mnine", [["nine", "ansi-bright-red"]]],
    ["\u001b[38;2;10;20;200msea", [["sea", "ansi-blue"]]],
    ["\u001b[38;2;90;90;95mgrey", [["grey", ""]]],
    ["\u001b[41;97mFATAL", [["FATAL", "ansi-on-red"]]],
    [
      "\u001b[7minverse\u001b[27m.",
      [
        ["inverse", "ansi-on-plain"],
        [".", ""],
      ],
    ],
    ["\u001b[32;7mboth", [["both", "ansi-on-green"]]],
    ["\u001b[mreset", [["reset", ""]]],
    ["\u001b[31m10%\r20%\r", [["20%", "ansi-red"]]],
    [
      "\u001b]0;title\u0007x\u001b[2Ky\u001b(Bz",
      [
        ["x", ""],
        ["y", ""],
        ["z", ""],
      ],
    ],
    ["a\u202eb\u2066c", [["a\\u202eb\\u2066c", ""]]],
    ["\u001b[38;5mx\u001b[999999m", [["x", ""]]],
  ])("%j", (line, pieces) => {
    expect(seen(line)).toEqual(pieces);
  });

  test("go on in the next line until they are reset, and no control character is ever left", () => {
    const { after } = readLine("\u001b[35mone", PLAIN);
    expect(readLine("two", after).pieces[0]?.look.colour).toBe("magenta");
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom("\u001b", "[", "31m", "]8;;", "\u0007", "\r", "\u009b", "\u202e", "x", "\u0000"),
          { maxLength: 40 },
        ),
        (parts) => {
          expect(plainText(parts.join(""))).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
        },
      ),
    );
  });
});

describe("the scrollbar's scale", () => {
  test("is one to one where the browser can, and near both ends of anything longer", () => {
    const short = scrollMap(10_000, 600);
    expect([short.height, short.toBar(1_234), short.toPlace(1_234)]).toEqual([10_000, 1_234, 1_234]);
    const long = scrollMap(200_000_000, 600, 4_000_000);
    expect(long.height).toBe(4_000_000);
    expect([long.toPlace(150), long.toPlace(4_000_000 - 600 - 150)]).toEqual([150, 200_000_000 - 600 - 150]);
    expect(scrollMap(100, 600)).toMatchObject({ height: 600 });
  });

  test("leads from any place to the scrollbar and back, and only ever forward", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (content, share) => {
          const map = scrollMap(content, 600, 4_000_000);
          const place = share * Math.max(0, content - 600);
          expect(Math.abs(map.toPlace(map.toBar(place)) - place)).toBeLessThan(0.01);
          expect(map.toBar(place)).toBeLessThanOrEqual(map.height - 600);
          expect(map.toBar(Math.max(0, place - 20))).toBeLessThanOrEqual(map.toBar(place));
        },
      ),
    );
  });
});

describe("a log that grows", () => {
  test("has each line once, however it is cut into parts, also where a part comes twice", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "bb", "\n", "\n\n", "ccc"), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }),
        (parts, cuts) => {
          const text = parts.join("");
          const lines = new LineCache();
          const end = new LogEnd(lines);
          end.begin({ offset: 0, next_offset: 0, first_line: 1, content: "" });
          for (let at = 0, turn = 0; at < text.length; turn += 1) {
            const content = text.slice(at, at + (cuts[turn % cuts.length] ?? 1));
            const part = { offset: at, next_offset: at + content.length, first_line: null, content };
            expect(end.append(part)).toBe(true);
            expect(turn % 3 !== 0 || end.append(part)).toBe(true);
            at += content.length;
          }
          const wanted = text.split("\n");
          if (wanted.at(-1) === "") wanted.pop();
          expect([end.count, end.offset]).toEqual([wanted.length, text.length]);
          expect(wanted.map((_, at) => lines.get(at + 1)?.text)).toEqual(wanted);
        },
      ),
    );
  });

  test("says of lines between that they are not kept, and asks for everything anew where it cannot know", () => {
    const lines = new LineCache();
    const end = new LogEnd(lines);
    end.begin({ offset: 0, next_offset: 4, first_line: 1, content: "one\n" });
    expect(end.append({ offset: 100, next_offset: 106, first_line: 20, content: "later\n" })).toBe(true);
    expect([lines.get(1)?.text, lines.get(2)?.isKept, lines.get(19)?.isKept, lines.get(20)?.text]).toEqual([
      "one",
      false,
      false,
      "later",
    ]);
    expect(end.append({ offset: 300, next_offset: 306, first_line: null, content: "where\n" })).toBe(false);
  });

  test("is bounded: a line that never ends, and lines that are far away", () => {
    const lines = new LineCache();
    const end = new LogEnd(lines);
    end.begin({ offset: 0, next_offset: 0, first_line: 1, content: "" });
    for (let at = 0; at < 3_000_000; at += 30_000)
      end.append({ offset: at, next_offset: at + 30_000, first_line: null, content: "x".repeat(30_000) });
    expect(lines.get(1)).toMatchObject({ isCut: true });
    expect(lines.get(1)?.text.length).toBe(LINE_CHARS_MAX);
    lines.put(
      2,
      Array.from({ length: 50_000 }, (_, at) => `line ${at}`),
    );
    lines.trim(49_000);
    expect([lines.get(2), lines.get(49_000)?.text]).toEqual([undefined, "line 48998"]);
  });
});

describe("rows of steps", () => {
  const step = (id: string, status = "succeeded") =>
    ({ id, status }) as Parameters<typeof stepRows>[0][number];
  const told = (ids: readonly string[]) =>
    stepRows(
      ids.map((id) => step(id)),
      false,
      new Set(),
    ).rows.map(({ kind, name, depth }) => `${"  ".repeat(depth)}${kind} ${name}`);

  test("stand below the step, and the item, that they are of", () => {
    expect(
      told([
        "a",
        "roll",
        "roll/web-1/stop",
        "roll/web-1/start",
        "roll/web-2/stop",
        "call",
        "call/graph",
        "z",
      ]),
    ).toEqual([
      "step a",
      "step roll",
      "  group web-1",
      "    step stop",
      "    step start",
      "  group web-2",
      "    step stop",
      "step call",
      "  step graph",
      "step z",
    ]);
  });

  test("of a long list leave out what went well inside of others, until everything is asked for", () => {
    const steps = [
      step("roll"),
      ...Array.from({ length: 500 }, (_, at) => step(`roll/h${at}/act`, at === 77 ? "failed" : "succeeded")),
    ];
    const few = stepRows(steps, false, new Set(["roll/h3/act"]));
    expect(few.rows.map(({ name }) => name)).toEqual(["roll", "h3", "act", "h77", "act"]);
    expect(few.hidden).toBe(498);
    expect(stepRows(steps, true, new Set())).toMatchObject({ hidden: 0 });
  });
});
