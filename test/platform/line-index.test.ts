import fc from "fast-check";
import { expect, test } from "vitest";
import { LineIndex } from "../../src/platform/line-index.ts";

test("agrees with counting line breaks, for every offset of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "\r", "é") }), (text) => {
      const lines = new LineIndex(text);
      for (let offset = 0; offset <= text.length; offset += 1) {
        const before = text.slice(0, offset).split("\n");
        const { line, column } = lines.positionAt(offset);
        expect([line, column]).toEqual([before.length, (before.at(-1) ?? "").length + 1]);
        expect(lines.lineText(line)).toBe((text.split("\n")[line - 1] ?? "").replace(/\r$/, ""));
      }
    }),
  );
});

test("an offset behind the end is the end", () => {
  expect(new LineIndex("a\nb").positionAt(99)).toEqual({ line: 2, column: 2 });
  expect(new LineIndex("a\nb").lineText(3)).toBe("");
});
