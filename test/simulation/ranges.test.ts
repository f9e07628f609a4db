import fc from "fast-check";
import { expect, test } from "vitest";
import { diffLists } from "../../src/simulation/diff.ts";
import { expandLabels, expandRanges } from "../../src/simulation/ranges.ts";

test.each([
  ["web-1", ["web-1"]],
  ["web-{1..3}:9100", ["web-1:9100", "web-2:9100", "web-3:9100"]],
  ["{3..1}", ["3", "2", "1"]],
  ["{08..10}", ["08", "09", "10"]],
  ["{1..2}-{1..2}", ["1-1", "1-2", "2-1", "2-2"]],
  ["{a..b}{}{1..}", ["{a..b}{}{1..}"]],
  ["", [""]],
])("%s", (text, expanded) => {
  expect(expandRanges(text)).toEqual(expanded);
});

test("labels give every combination", () => {
  expect(
    expandLabels([
      ["a", "{1..2}"],
      ["b", "x{1..2}"],
    ]),
  ).toEqual([
    [
      ["a", "1"],
      ["b", "x1"],
    ],
    [
      ["a", "1"],
      ["b", "x2"],
    ],
    [
      ["a", "2"],
      ["b", "x1"],
    ],
    [
      ["a", "2"],
      ["b", "x2"],
    ],
  ]);
});

test.each(["{1..10001}", "{1..1000}{1..1000}", "{1..99999999999999999999}"])("%s is too much", (text) => {
  expect(expandRanges(text)).toBeUndefined();
  expect(expandLabels([["a", text]])).toBeUndefined();
});

test("a comparison holds both lists in order, and is as short as it can be for equal ones", () => {
  const letters = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (expected, got) => {
      const lines = diffLists(expected, got, (left, right) => left === right);
      expect(lines.flatMap((line) => (line.kind === "surplus" ? [] : [line.expected]))).toEqual(expected);
      expect(lines.flatMap((line) => (line.kind === "missing" ? [] : [line.got]))).toEqual(got);
      const isSame = lines.every(({ kind }) => kind === "same");
      expect(isSame).toBe(expected.join("") === got.join(""));
    }),
  );
});
