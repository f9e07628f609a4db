// Proves that a condition is taken apart at its outermost `&&` only, and that its parts mean the same together.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression, ExpressionError, type Scope } from "../../src/expressions/cel.ts";
import { conjunctsOf, readValues } from "../../src/expressions/conjuncts.ts";

const SCOPE: Scope = {
  a: "bool",
  b: "bool",
  c: "bool",
  text: "string",
  alert: { fields: { labels: "map<string, string>", starts_at: "timestamp", count: "int" } },
};
const partsOf = (source: string) =>
  conjunctsOf(compileExpression(source, SCOPE, "bool"), SCOPE).map((part) => part.source);

describe("a condition", () => {
  test.each<[string, string[]]>([
    ["a", ["a"]],
    ["a && b", ["a", "b"]],
    ["a&&b && c", ["a", "b", "c"]],
    ["a && (b && c)", ["a", "(b && c)"]],
    ["(a || b) && c", ["(a || b)", "c"]],
    ["a && b || c", ["a && b || c"]],
    ["a || b && c", ["a || b && c"]],
    ["a ? b && c : c", ["a ? b && c : c"]],
    ["!(a && b)", ["!(a && b)"]],
    ["(a && b)", ["(a && b)"]],
    ['text == "x && y" && a', ['text == "x && y"', "a"]],
    ["text == 'it\\'s && so' && a", ["text == 'it\\'s && so'", "a"]],
    ['text == """a " && b""" && c', ['text == """a " && b"""', "c"]],
    ["a && // b && c\n c", ["a", "// b && c\n c"]],
    ["[a && b, c].all(x, x && a) && c", ["[a && b, c].all(x, x && a)", "c"]],
  ])("%s", (source, expected) => {
    expect(partsOf(source)).toEqual(expected);
  });

  test("is true exactly when all of its parts are", () => {
    const leaf = fc.constantFrom("a", "b", "c", "!a", "alert.count > 1", 'text == "&&"');
    const { condition } = fc.letrec<{ condition: string }>((tie) => ({
      condition: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc
          .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"), fc.boolean())
          .map(([left, operator, right, isGrouped]) =>
            isGrouped ? `(${left} ${operator} ${right})` : `${left} ${operator} ${right}`,
          ),
      ),
    }));
    const variables = fc.record({
      a: fc.boolean(),
      b: fc.boolean(),
      c: fc.boolean(),
      text: fc.constantFrom("&&", "x"),
      alert: fc.record({ count: fc.integer({ min: 0, max: 3 }) }),
    });
    fc.assert(
      fc.property(condition, variables, (source, values) => {
        let whole: ReturnType<typeof compileExpression>;
        try {
          whole = compileExpression(source, SCOPE, "bool");
        } catch (error) {
          fc.pre(!(error instanceof ExpressionError));
          throw error;
        }
        const parts = conjunctsOf(whole, SCOPE);
        expect(parts.every((part) => part.evaluate(values) === true)).toBe(whole.evaluate(values));
      }),
    );
  });
});

test("values are read where they are, and shown as JSON", () => {
  const source =
    'alert.labels["k8s.io/app"] == text && alert.labels.none == "" && alert.starts_at > alert.starts_at && alert.count > 1 && text == ""';
  const { references } = compileExpression(source, SCOPE, "bool");
  const labels = new Map([["k8s.io/app", 'a"b']]);
  const startsAt = new Date("2026-11-23T03:00:00Z");
  const long = "x".repeat(300);
  expect(readValues(references, { alert: { labels, starts_at: startsAt, count: 2 }, text: long })).toEqual([
    { name: 'alert.labels["k8s.io/app"]', value: '"a\\"b"' },
    { name: "text", value: `"${"x".repeat(199)}…` },
    { name: "alert.labels.none", value: null },
    { name: "alert.starts_at", value: '"2026-11-23T03:00:00.000Z"' },
    { name: "alert.count", value: "2" },
  ]);
});
