// Proves where a template's expressions begin and end, and what their values become as text.
import { describe, expect, test } from "vitest";
import type { Scope } from "../../src/expressions/cel.ts";
import { ExpressionError } from "../../src/expressions/cel.ts";
import { compileTemplate, hasTemplate } from "../../src/expressions/templates.ts";

const HOST = { fields: { name: "string", address: "string" } } as const;
const SCOPE: Scope = {
  host: HOST,
  text: "string",
  count: "int",
  half: "double",
  yes: "bool",
  any: "dyn",
  labels: "map<string, string>",
};
const VARIABLES = {
  host: { name: "web-1", address: "10.0.0.11" },
  text: "a b",
  count: 3,
  half: 0.5,
  yes: true,
  any: { name: "json with a name", list: [1, null] },
  labels: new Map([["env", "prod"]]),
};

function failure(source: string): ExpressionError {
  try {
    compileTemplate(source, SCOPE).render(VARIABLES);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${source} does not fail`);
}

describe("rendering", () => {
  test.each<[string, unknown]>([
    ["plain", "plain"],
    ["", ""],
    ["$ {{ }} ${ x }", "$ {{ }} ${ x }"],
    ["${{ text }}", "a b"],
    ["${{count}}", 3],
    ["${{ half }}", 0.5],
    ["${{ yes }}", true],
    ["${{ host }}", VARIABLES.host],
    ["${{ any.list }}", [1, null]],
    ["${{ labels.?nope }}", null],
    [" ${{ count }}", " 3"],
    ["${{ text }}-${{ count }}/${{ half }}/${{ yes }}", "a b-3/0.5/true"],
    ["${{ host.name }}:${{ host.address }}", "web-1:10.0.0.11"],
    ["json: ${{ any.list }} ${{ labels }}", 'json: [1,null] {"env":"prod"}'],
    ["any: ${{ any }}", 'any: {"name":"json with a name","list":[1,null]}'],
    [`\${{ "}}" }}`, "}}"],
    [`a\${{ '}}' + "}}" }}b`, "a}}}}b"],
    [`\${{ "\\"}}" }}`, '"}}'],
    [`\${{ """ "}} """ }}!`, ' "}} !'],
    [`\${{ r"\\n}}" }}`, "\\n}}"],
    [`\${{ {"a": {"b": 1}} }}`, { a: { b: 1 } }],
    [`\${{{"a":{"b":1}}}}`, { a: { b: 1 } }],
    ["${{ count // it's a }}", 3],
    [`\${{ "\${{" }}`, "${{"],
    ["${{ text }}\n", "a b\n"],
  ])("%s", (source, expected) => {
    expect(compileTemplate(source, SCOPE).render(VARIABLES)).toEqual(expected);
  });
});

describe("refused", () => {
  test.each<[string, string, string, string]>([
    ["x ${{ text", "syntax", "${{", 'has no "}}"'],
    ['x ${{ "}} ', "syntax", "${{", 'has no "}}"'],
    ["x ${{ text } }", "syntax", "${{", 'has no "}}"'],
    ["x ${{ }} y", "syntax", "${{ }}", "the expression is empty"],
    ["x ${{ txet }} y", "unknown-name", "txet", 'did you mean "text"?'],
    ["x ${{ text }} ${{ labels.nope }}", "missing", "labels.nope", "labels.nope is missing"],
    ["x ${{ labels.?nope }}", "missing", "labels.?nope", "is missing"],
    ["on ${{ host }}", "type", "host", "use .name or .address"],
    ["x ${{ 1 + }}", "syntax", "+", "ends too early"],
  ])("%s", (source, code, marked, message) => {
    const error = failure(source);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(source.slice(error.start, error.end)).toBe(marked);
  });
});

test("references point into the template", () => {
  const source = "${{ text }} and ${{  has(labels.env) }}";
  const marked = compileTemplate(source, SCOPE).references.map(({ path, isGuarded, start, end }) => [
    path.join("."),
    isGuarded,
    source.slice(start, end),
  ]);
  expect(marked).toEqual([
    ["text", false, "text"],
    ["labels.env", true, "labels.env"],
  ]);
});

test("knows a constant, and one whole expression", () => {
  const flags = (source: string) => {
    const { isConstant, isWhole } = compileTemplate(source, SCOPE);
    return [isConstant, isWhole, hasTemplate(source)];
  };
  expect(flags("x")).toEqual([true, false, false]);
  expect(flags("${{ text }}")).toEqual([false, true, true]);
  expect(flags("${{ text }} ")).toEqual([false, false, true]);
});
