// Proves what CEL expressions may say, what they see of JSON-like values, and what is refused when they are loaded.
import { describe, expect, test } from "vitest";
import { compileExpression, ExpressionError, type Scope, type ValueType } from "../../src/expressions/cel.ts";

const HOST = { fields: { name: "string", address: "string", labels: "map<string, string>" } } as const;
const SCOPE: Scope = {
  alert: {
    fields: {
      status: "string",
      labels: "map<string, string>",
      values: "map<string, double>",
      starts_at: "timestamp",
      receiver: "string",
      count: "int",
      ...({ constructor: "string" } as Record<string, ValueType>),
    },
  },
  inputs: { fields: { host: HOST, other: HOST } },
  now: "timestamp",
  took: "duration",
  value: "double",
  lines: "list<string>",
  json_body: "dyn",
};

const VARIABLES = {
  alert: {
    status: "firing",
    labels: new Map([
      ["env", "prod"],
      ["k8s.io/name", "web"],
      ["__proto__", "a proto"],
      ["constructor", "a constructor"],
    ]),
    values: new Map([["B", 0.9]]),
    starts_at: "2026-11-23T03:00:00.5Z",
    receiver: null,
    count: 5,
    constructor: "a field",
  },
  inputs: {
    host: { name: "web-1", address: "10.0.0.11", labels: { role: "web", constructor: "c" } },
    other: { name: "web-2", address: "10.0.0.12", labels: {} },
  },
  now: new Date("2026-11-23T03:10:00Z"),
  took: 90_500,
  value: 4,
  lines: ["one", "two"],
  json_body: JSON.parse(
    '{"list": [1, 2, {"half": 1.5}], "nothing": null, "constructor": 1, "__proto__": {"deep": 2}, "big": 12345678901234567890}',
  ) as unknown,
};

function evaluate(source: string): unknown {
  return compileExpression(source, SCOPE).evaluate(VARIABLES);
}

function failure(source: string, result?: "bool" | "string"): ExpressionError {
  try {
    compileExpression(source, SCOPE, result).evaluate(VARIABLES);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${source} does not fail`);
}

describe("values", () => {
  test.each<[string, unknown]>([
    [`alert.labels.env == "prod" && (!has(alert.values.B) || alert.values.B > 0.8)`, true],
    [`alert.labels["k8s.io/name"]`, "web"],
    ["alert.labels.__proto__", "a proto"],
    ["alert.labels.constructor", "a constructor"],
    ["alert.constructor", "a field"],
    [`"constructor" in alert.labels`, true],
    [`"toString" in alert.labels`, false],
    ["has(alert.labels.nope)", false],
    ["has(alert.labels.env)", true],
    ["has(alert.receiver)", false],
    [`alert.labels.?nope.orValue("none")`, "none"],
    [`alert.labels[?"k8s.io/name"].orValue("none")`, "web"],
    ["alert.labels.?nope", null],
    ["alert.count + 1", 6],
    ["alert.count / 2", 2],
    ["value / 8.0", 0.5],
    ["value < 5", true],
    ["inputs.host.labels.constructor", "c"],
    ["inputs.other.name", "web-2"],
    ["inputs.host", VARIABLES.inputs.host],
    ["json_body.list[0] + 1", 2],
    ["json_body.list[2].half", 1.5],
    ["json_body.nothing == null", true],
    ["json_body.constructor", 1],
    ["json_body.__proto__.deep", 2],
    ["json_body.list", [1, 2, { half: 1.5 }]],
    ["json_body.?missing.?deeper.orValue(99.0) > 4.0", true],
    ["9007199254740993", "9007199254740993"],
    ["now", "2026-11-23T03:10:00.000Z"],
    ["now - alert.starts_at", "599.5s"],
    [`now - alert.starts_at > duration("9m59s")`, true],
    ["took", "90.5s"],
    [`took > duration("1m30s") && took < duration("1.6m")`, true],
    [`duration("-1.5s")`, "-1.5s"],
    ["string(took)", "90.5s"],
    ["int(alert.starts_at)", 1_795_402_800],
    [`timestamp("2026-11-23T03:00:00Z") < now`, true],
    [`b"ab"`, "YWI="],
    [`double("nan")`, "NaN"],
    ["1.0 / 0.0", "+Inf"],
    [`{"a": [1, 2.5, "x", true, null]}`, { a: [1, 2.5, "x", true, null] }],
    ["optional.none()", null],
    ["type(1) == int", true],
  ])("%s", (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });

  test("a name such as __proto__ in a result is only data", () => {
    const labels = evaluate("alert.labels") as Record<string, string>;
    expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
    expect(Object.keys(labels)).toContain("__proto__");
  });

  test("one expression gives fresh values for fresh variables", () => {
    const expression = compileExpression("alert.labels.env", SCOPE);
    const withEnv = (env: string) => ({ alert: { labels: new Map([["env", env]]) } });
    expect([expression.evaluate(withEnv("a")), expression.evaluate(withEnv("b"))]).toEqual(["a", "b"]);
  });
});

describe("functions", () => {
  test.each<[string, unknown]>([
    [`"a,b,,c".split(",")`, ["a", "b", "", "c"]],
    [`" a ".trim()`, "a"],
    [`"aXbX".replace("X", "$&")`, "a$&b$&"],
    [`"aXbX".replace("X", "-", 1)`, "a-bX"],
    [`"Ab".lowerAscii() + "Ab".upperAscii()`, "abAB"],
    [`["a", "b"].join("-")`, "a-b"],
    [`"hello".substring(1, 3)`, "el"],
    [`"hello".charAt(1)`, "e"],
    [`"hello".indexOf("l")`, 2],
    [`double("load average: 1.5, 2".split("load average: ")[1].split(",")[0])`, 1.5],
    [`json("{\\"a\\": [1]}").a[0]`, 1],
    [`re2("an error here", "err.r")`, true],
    [`re2("an error here", "^err")`, false],
    [`re2("error", "^(?i)ERROR$")`, true],
    [`lines.exists(line, re2(line, "^t"))`, true],
    [`lines.map(line, line.size()).filter(size, size > 2)`, [3, 3]],
    [`alert.labels.exists(name, name.startsWith("k8s"))`, true],
  ])("%s", (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });
});

describe("refused at load", () => {
  test.each<[string, string, string, string]>([
    ["alert.lables.env", "unknown-name", "lables", 'alert has no field "lables"; did you mean "labels"?'],
    ["alert.?lables", "unknown-name", "lables", 'did you mean "labels"?'],
    ["has(alert.nope)", "unknown-name", "nope", "known: constructor, count"],
    ["alrt.status", "unknown-name", "alrt", 'unknown name "alrt"; did you mean "alert"?'],
    ["inputs.host.nmae", "unknown-name", "nmae", 'inputs.host has no field "nmae"; did you mean "name"?'],
    ["alert.status.foo", "type", "foo", "Cannot index type 'string'"],
    ["alert.status + 1", "type", "alert.status + 1", "no such overload: string + int"],
    ["value == 4", "type", "value == 4", "write 1.0 instead of 1"],
    ["nope(1)", "type", "nope(1)", "there is no function nope(int)"],
    [`duration(1)`, "type", "duration(1)", "there is no function duration(int)"],
    ["1 +", "syntax", "+", "the expression ends too early"],
    ["1 2", "syntax", "2", "Unexpected character"],
    ["", "syntax", "", "the expression is empty"],
    ["  ", "syntax", "  ", "the expression is empty"],
    [`alert.status.matches("x")`, "not-allowed", `alert.status.matches("x")`, "use re2(text"],
    [`matches(alert.status, "x")`, "not-allowed", `matches(alert.status, "x")`, "use re2(text"],
    [`re2(alert.status, alert.status)`, "not-allowed", `re2(alert.status, alert.status)`, "in quotes"],
    [`re2(alert.status, "(?=x)")`, "not-allowed", `"(?=x)"`, "no look-ahead or look-behind"],
    ["cel.bind(x, 1, x)", "not-allowed", "cel", "cel.bind() is not offered"],
    [`b"{}".json()`, "not-allowed", `b"{}".json()`, "use json(text)"],
    [`{"constructor": 1}`, "not-allowed", `"constructor"`, 'cannot have the key "constructor"'],
    [
      "lines.all(a, lines.exists(b, a == b))",
      "not-allowed",
      "lines.exists(b, a == b)",
      "cannot stand inside another loop",
    ],
    ["lines.map(a, [a].filter(b, true))", "not-allowed", "[a].filter(b, true)", "inside another loop"],
    [`${"(".repeat(40)}1${")".repeat(40)}`, "syntax", "(", "nested deeper than 32 levels"],
    ["!".repeat(5_000), "syntax", "!", "longer than 4096 characters"],
    [`1${" + 1".repeat(1_000)}`, "syntax", "1", "too large"],
  ])("%s", (source, code, marked, message) => {
    const error = failure(source);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
    expect(source.slice(error.start, error.end)).toBe(marked);
  });

  test("a result of another type than is needed", () => {
    expect(failure("value", "bool").message).toBe("must give true or false, but gives double");
    expect(failure("now", "string").message).toBe("must give text, but gives timestamp");
    expect(failure("json_body.list", "bool").message).toBe(
      'must give true or false, but gave [1,2,{"half":1.5}]',
    );
  });
});

describe("refused when evaluated", () => {
  test.each<[string, string, string]>([
    ["alert.labels.nope", "missing", "alert.labels.nope is missing"],
    [`alert.labels["no/pe"]`, "missing", `alert.labels["no/pe"] is missing`],
    ["alert.receiver", "missing", "alert.receiver is missing"],
    ["json_body.nope.deeper", "missing", "json_body.nope is missing"],
    ["json_body.list[7]", "missing", "json_body.list[7] is missing"],
    ["1 / (alert.count - 5)", "evaluation", "division by zero"],
    [`int("x")`, "evaluation", "cannot convert to int"],
    [`json("{")`, "evaluation", "the text is not JSON"],
    [`duration("1d")`, "evaluation", '"1d" is no duration'],
    [`json_body.nothing + 1`, "evaluation", "no such overload"],
  ])("%s", (source, code, message) => {
    const error = failure(source);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.end).toBeLessThanOrEqual(source.length);
  });

  test("a time that is none is missing", () => {
    const expression = compileExpression("alert.starts_at < now", SCOPE);
    expect(() =>
      expression.evaluate({ alert: { starts_at: "yesterday" }, now: "2026-11-23T03:10:00Z" }),
    ).toThrow("alert.starts_at is missing");
  });

  test("a variable that was not given", () => {
    const expression = compileExpression("took", SCOPE);
    expect(() => expression.evaluate({})).toThrow("took is missing");
  });

  test("JSON that is nested too deeply, without touching the stack", () => {
    const deep = JSON.parse("[".repeat(5_000) + "]".repeat(5_000)) as unknown;
    const expression = compileExpression("json_body == 1", SCOPE);
    expect(() => expression.evaluate({ json_body: deep })).toThrow("nested deeper than 64 levels");
  });

  test("a row of digits is no duration, and is found out at once", () => {
    const expression = compileExpression("duration(json_body)", SCOPE);
    const startedAt = performance.now();
    expect(() => expression.evaluate({ json_body: "1".repeat(65_536) })).toThrow("is no duration");
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  test("a search that reads too much in one loop", () => {
    const expression = compileExpression(`lines.exists(line, re2(line, "x+y"))`, SCOPE);
    expect(() =>
      expression.evaluate({ lines: Array.from({ length: 20 }, () => "z".repeat(60_000)) }),
    ).toThrow("read more than 1048576 characters");
  });
});

describe("references", () => {
  function references(source: string): string[] {
    return compileExpression(source, SCOPE).references.map(
      (reference) =>
        `${reference.path.join(".")}${reference.isGuarded ? "?" : ""} ${source.slice(reference.start, reference.end)}`,
    );
  }

  test.each<[string, string[]]>([
    ["alert.labels.env", ["alert.labels.env alert.labels.env"]],
    [`alert.labels["a.b"] == ""`, [`alert.labels.a.b alert.labels["a.b"]`]],
    ["has(alert.labels.env)", ["alert.labels.env? alert.labels.env"]],
    ["alert.labels.?env.hasValue()", ["alert.labels.env? alert.labels.?env"]],
    [`alert.labels[?"env"].hasValue()`, [`alert.labels.env? alert.labels[?"env"]`]],
    [
      `has(alert.labels.a) && alert.labels.a == "x"`,
      ["alert.labels.a? alert.labels.a", "alert.labels.a? alert.labels.a"],
    ],
    [
      `has(alert.labels.a) || alert.labels.a == "x"`,
      ["alert.labels.a? alert.labels.a", "alert.labels.a alert.labels.a"],
    ],
    [
      `!has(alert.labels.a) || alert.labels.a == "x"`,
      ["alert.labels.a? alert.labels.a", "alert.labels.a? alert.labels.a"],
    ],
    [
      `"a" in alert.labels ? alert.labels.a : alert.labels.b`,
      ["alert.labels alert.labels", "alert.labels.a? alert.labels.a", "alert.labels.b alert.labels.b"],
    ],
    [
      `!("a" in alert.labels && true) ? alert.labels.a : ""`,
      ["alert.labels alert.labels", "alert.labels.a alert.labels.a"],
    ],
    [
      `!("a" in alert.labels) ? "" : alert.labels.a`,
      ["alert.labels alert.labels", "alert.labels.a? alert.labels.a"],
    ],
    ["alert.labels[alert.status]", ["alert.status alert.status", "alert.labels alert.labels[alert.status]"]],
    ["json_body.list[0].x.y", ["json_body.list json_body.list[0].x.y"]],
  ])("%s", (source, expected) => {
    expect(references(source)).toEqual(expected);
  });

  test("a loop's variable is no reference, even when it hides one", () => {
    expect(references(`lines.exists(alert, alert == "one")`)).toEqual(["lines lines"]);
  });

  test("what is present when the expression is true", () => {
    const present = (source: string) =>
      compileExpression(source, SCOPE).presentWhenTrue.map((path) => path.join("."));
    expect(present(`has(alert.labels.a) && "b" in alert.labels && alert.labels.?c.hasValue()`)).toEqual([
      "alert.labels",
      "alert.labels.a",
      "alert.labels.b",
      "alert.labels",
      "alert.labels.c",
    ]);
    expect(present("has(alert.labels.a) || true")).toEqual([]);
    expect(present("!(!has(alert.labels.a) || false)")).toContain("alert.labels.a");
  });
});
