// Proves that matchers are accepted, refused and judged as Alertmanager's UTF-8 strict parser does: the verdicts are
// those of its matcher/parse (lexer.go, parse.go) and of Go's strconv.Unquote.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatMatcher,
  MatcherError,
  parseMatcher,
  parseMatchers,
  selectorMatches,
} from "../../src/expressions/matchers.ts";

const parsed = (text: string) =>
  parseMatchers(text).map(({ name, operator, value }) => [name, operator, value] as const);

/** The error that refuses the text, undefined when it is accepted. Any other error is thrown. */
function refusal(text: string): MatcherError | undefined {
  try {
    parseMatchers(text);
    return undefined;
  } catch (error) {
    if (error instanceof MatcherError) return error;
    throw error;
  }
}

describe("accepted", () => {
  test.each<[string, [string, string, string][]]>([
    ["", []],
    ["   ", []],
    ["{}", []],
    ["{ }", []],
    ["{foo=bar}", [["foo", "=", "bar"]]],
    ["{foo=bar,}", [["foo", "=", "bar"]]],
    ["{foo!=bar}", [["foo", "!=", "bar"]]],
    ["{foo=~[a-z]+}", [["foo", "=~", "[a-z]+"]]],
    ["{foo!~[a-z]+}", [["foo", "!~", "[a-z]+"]]],
    ["foo=bar", [["foo", "=", "bar"]]],
    ["foo=bar,", [["foo", "=", "bar"]]],
    ["foo = bar", [["foo", "=", "bar"]]],
    ["  foo  =~  bar  ", [["foo", "=~", "bar"]]],
    ["\tfoo\n=\r\nbar", [["foo", "=", "bar"]]],
    ["foo\u00a0=\u202fbar\u3000", [["foo", "=", "bar"]]],
    ['foo="bar"', [["foo", "=", "bar"]]],
    ['"foo"="bar"', [["foo", "=", "bar"]]],
    ['{"foo"="bar",}', [["foo", "=", "bar"]]],
    ['"k8s.io/name"="x"', [["k8s.io/name", "=", "x"]]],
    ["k8s.io/name=x", [["k8s.io/name", "=", "x"]]],
    ["Σ=🙂", [["Σ", "=", "🙂"]]],
    ["🙂!=🙂bar", [["🙂", "!=", "🙂bar"]]],
    ['"foo 🙂"="bar baz"', [["foo 🙂", "=", "bar baz"]]],
    ['foo=""', [["foo", "=", ""]]],
    ['""="x"', [["", "=", "x"]]],
    ['foo=~""', [["foo", "=~", ""]]],
    ["foo=1.5", [["foo", "=", "1.5"]]],
    ["0=0", [["0", "=", "0"]]],
    ["foo=a:b/c?d#e", [["foo", "=", "a:b/c?d#e"]]],
    ["foo=$x", [["foo", "=", "$x"]]],
    ["foo=~a|b", [["foo", "=~", "a|b"]]],
    ["foo=~(a|b).*", [["foo", "=~", "(a|b).*"]]],
    ['foo=~"a,b"', [["foo", "=~", "a,b"]]],
    ['foo="{}"', [["foo", "=", "{}"]]],
    ['foo="bar" ,', [["foo", "=", "bar"]]],
    ['{ "foo" = "bar" }', [["foo", "=", "bar"]]],
    ["foo=bar\n", [["foo", "=", "bar"]]],
    ['foo="a=b"', [["foo", "=", "a=b"]]],
    ["foo=bar;baz", [["foo", "=", "bar;baz"]]],
    ["{foo=bar;}", [["foo", "=", "bar;"]]],
    ["foo=[a]", [["foo", "=", "[a]"]]],
    ["foo=(a", [["foo", "=", "(a"]]],
    ["foo=*", [["foo", "=", "*"]]],
    ["foo=|", [["foo", "=", "|"]]],
    ["foo=~|", [["foo", "=~", "|"]]],
    ["foo=~^bar$", [["foo", "=~", "^bar$"]]],
    ["foo=a-b_c.d@e", [["foo", "=", "a-b_c.d@e"]]],
    ["-=-", [["-", "=", "-"]]],
    ["foo.bar=baz", [["foo.bar", "=", "baz"]]],
    ["foo:bar=baz", [["foo:bar", "=", "baz"]]],
    ['foo!~""', [["foo", "!~", ""]]],
    ['foo=~"(?i)bar"', [["foo", "=~", "(?i)bar"]]],
    ['foo=~"\\\\."', [["foo", "=~", "\\."]]],
    ['"foo\\"bar"=baz', [['foo"bar', "=", "baz"]]],
    ['"foo\\nbar"=baz', [["foo\nbar", "=", "baz"]]],
    ['日本="x"', [["日本", "=", "x"]]],
    ["foo=日本", [["foo", "=", "日本"]]],
    ["foo=\ufeffbar", [["foo", "=", "\ufeffbar"]]],
    ['foo="\'`"', [["foo", "=", "'`"]]],
    [
      "a=b,c!=d,e=~f,g!~h",
      [
        ["a", "=", "b"],
        ["c", "!=", "d"],
        ["e", "=~", "f"],
        ["g", "!~", "h"],
      ],
    ],
    ['foo="\\"bar\\""', [["foo", "=", '"bar"']]],
    ['foo="bar\\\\"', [["foo", "=", "bar\\"]]],
    ['foo="a\\tb\\nc\\rd"', [["foo", "=", "a\tb\nc\rd"]]],
    ['foo="\\a\\b\\f\\v"', [["foo", "=", "\u0007\b\f\v"]]],
    ['foo="a\tb"', [["foo", "=", "a\tb"]]],
    ['foo="a\rb"', [["foo", "=", "a\rb"]]],
    ['foo="\\xf0\\x9f\\x99\\x82"', [["foo", "=", "🙂"]]],
    ['foo="\\360\\237\\231\\202"', [["foo", "=", "🙂"]]],
    ['foo="\\U0001f642"', [["foo", "=", "🙂"]]],
    ['foo="\\u00e9\\x41\\101"', [["foo", "=", "éAA"]]],
    ['foo=~"\\\\d+"', [["foo", "=~", "\\d+"]]],
    [
      "foo=bar,bar!=baz",
      [
        ["foo", "=", "bar"],
        ["bar", "!=", "baz"],
      ],
    ],
    [
      '{foo="bar",bar!="baz"}',
      [
        ["foo", "=", "bar"],
        ["bar", "!=", "baz"],
      ],
    ],
    [
      '{ foo = "bar" , bar =~ "baz" , }',
      [
        ["foo", "=", "bar"],
        ["bar", "=~", "baz"],
      ],
    ],
    [
      "foo=bar,foo=baz",
      [
        ["foo", "=", "bar"],
        ["foo", "=", "baz"],
      ],
    ],
  ])("%s", (text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });
});

describe("refused", () => {
  test.each<[string, number, string]>([
    [",", 0, "label name is expected"],
    ["{,}", 1, "label name is expected"],
    ["{", 1, 'closing "}" is missing'],
    ["}", 0, '"}" has no "{"'],
    ["{{foo=bar}}", 1, "label name is expected"],
    ["foo=bar}", 7, '"}" has no "{"'],
    ["foo=bar,}", 8, '"}" has no "{"'],
    ["{foo=bar", 8, 'closing "}" is missing'],
    ["{foo=bar,", 9, 'closing "}" is missing'],
    ["{foo=bar}}", 9, "stands after the end"],
    ["{foo=bar},", 9, "stands after the end"],
    ["{foo=bar} x=y", 10, "stands after the end"],
    ["foo=bar,,", 8, "label name is expected"],
    ["foo=bar,=x", 8, "label name is expected"],
    ["foo", 3, "is expected after the label name"],
    ["foo bar", 4, "is expected after the label name"],
    ["foo,bar", 3, "is expected after the label name"],
    ["foo=", 4, "a value is expected"],
    ["foo=,", 4, "a value is expected"],
    ["{foo=}", 5, "a value is expected"],
    ["=bar", 0, "label name is expected"],
    ["foo==bar", 4, "a value is expected"],
    ["foo===bar", 4, "a value is expected"],
    ["foo!bar", 3, '"!" needs'],
    ["foo!", 3, '"!" needs'],
    ["foo=!bar", 4, '"!" needs'],
    ["foo~bar", 3, "double quotes"],
    ["foo=~~bar", 5, "double quotes"],
    ["foo=bar baz", 8, "a comma is missing"],
    ["foo=bar bar=baz", 8, "a comma is missing"],
    ['{foo=:"bar"}', 6, "a comma is missing"],
    ['foo="bar"baz', 9, "a comma is missing"],
    ["foo='bar'", 4, "double quotes"],
    ["foo=`bar`", 4, "double quotes"],
    ["foo=bar\\n", 7, "double quotes"],
    ["foo=\\d+", 4, "double quotes"],
    ["foo=~[a-z]{2}", 10, "a comma is missing"],
    ['foo="bar', 4, 'no closing "'],
    ['foo="bar\\"', 4, 'no closing "'],
    ['"foo=bar', 0, 'no closing "'],
    ['foo="bar\\w"', 8, "\\w is no escape"],
    ['foo=~"\\d+"', 6, "\\d is no escape"],
    ['foo="\\\'"', 5, "\\' is no escape"],
    ['foo="\\x4"', 5, "\\x is no escape"],
    ['foo="\\400"', 5, "\\4 is no escape"],
    ['foo="\\18"', 5, "\\1 is no escape"],
    ['foo="\\u12"', 5, "\\u is no escape"],
    ['foo="\\ud800"', 5, "\\u is no escape"],
    ['foo="\\U00110000"', 5, "\\U is no escape"],
    ['foo="\\xf0\\x9f"', 4, "no valid UTF-8"],
    ['foo="\\xff"', 4, "no valid UTF-8"],
    ['foo="a\nb"', 6, "a line break inside quotes"],
    ["foo=\ud800", 4, "not valid Unicode"],
    ["foo=bar,{", 8, "label name is expected"],
    ["foo={bar}", 4, "a value is expected"],
    ["{foo}", 4, "is expected after the label name"],
    ["{}{}", 2, "stands after the end"],
    ["{} foo=bar", 3, "stands after the end"],
    ["foo=bar,,baz=x", 8, "label name is expected"],
    ['"foo"', 5, "is expected after the label name"],
    ['"foo" "bar"', 6, "is expected after the label name"],
    ['foo="a"="b"', 7, "a comma is missing"],
    ['foo=bar"baz"', 7, "a comma is missing"],
    ["=", 0, "label name is expected"],
    ["=~x", 0, "label name is expected"],
    ["!=x", 0, "label name is expected"],
    ["foo=~", 5, "a value is expected"],
    ["foo!~", 5, "a value is expected"],
    ["foo= !=bar", 5, "a value is expected"],
    ["foo !bar", 4, '"!" needs'],
    ["'foo'=bar", 0, "double quotes"],
    ["\\foo=bar", 0, "double quotes"],
    ["`foo`=bar", 0, "double quotes"],
    ['foo="a\\', 4, 'no closing "'],
    ['foo="\\xg1"', 5, "\\x is no escape"],
    ['foo="\\8"', 5, "\\8 is no escape"],
    ['foo="\\U0001F6"', 5, "\\U is no escape"],
    ['foo=~"[a-"', 5, "missing closing ]"],
    ['foo=~"a{2,1}"', 5, "invalid repeat count"],
    ['foo=~"\\\\1"', 5, "no back-references"],
    ['foo=~"a**"', 5, "invalid nested repetition operator"],
    ['foo=~"\\\\pX"', 5, "not a regular expression of RE2"],
    ["foo=~(", 5, "missing closing )"],
    ['foo=~"(?=a)"', 5, "no look-ahead"],
    ["foo=~*", 5, "missing argument to repetition operator"],
  ])("%s", (text, offset, message) => {
    const error = refusal(text);
    expect(error?.message).toContain(message);
    expect(error?.offset).toBe(offset);
  });
});

describe("a single matcher", () => {
  test("is exactly one, without braces", () => {
    expect(parseMatcher('foo="}"').value).toBe("}");
    for (const text of ["", "{foo=bar}", "foo=bar,bar=baz", "foo=bar}"])
      expect(() => parseMatcher(text)).toThrow(MatcherError);
  });
});

describe("judging", () => {
  test.each<[string, string | undefined, boolean]>([
    ["foo=bar", "bar", true],
    ["foo=bar", "Bar", false],
    ["foo=bar", undefined, false],
    ['foo=""', undefined, true],
    ['foo=""', "", true],
    ['foo!=""', undefined, false],
    ['foo!=""', "x", true],
    ["foo!=bar", undefined, true],
    ["foo!=bar", "bar", false],
    ["foo=~bar", "xbar", false],
    ["foo=~bar", "barx", false],
    ["foo=~a|b", "ab", false],
    ["foo=~a|b", "b", true],
    ["foo=~.*", undefined, true],
    ["foo=~.+", undefined, false],
    ["foo=~.+", "x", true],
    ["foo=~.+", "x\ny", false],
    ['foo=~"x|"', undefined, true],
    ["foo!~bar", undefined, true],
    ["foo!~.*", undefined, false],
    ["foo!~.+", undefined, true],
    ["foo!~b.r", "bar", false],
  ])("%s for %j", (text, value, expected) => {
    const labels = new Map(value === undefined ? [] : [["foo", value]]);
    expect(selectorMatches(parseMatchers(text), labels)).toBe(expected);
    expect(selectorMatches(parseMatchers(text), Object.fromEntries(labels))).toBe(expected);
  });

  test("a selector needs all of its matchers", () => {
    const selector = parseMatchers('role="web", env!="prod"');
    expect(selectorMatches(selector, { role: "web", env: "test" })).toBe(true);
    expect(selectorMatches(selector, { role: "web", env: "prod" })).toBe(false);
    expect(selectorMatches(selector, { role: "db" })).toBe(false);
  });

  test("a label that objects have by nature is missing all the same", () => {
    expect(selectorMatches(parseMatchers('constructor=""'), {})).toBe(true);
  });

  test("knows the values that fit an equality", () => {
    const values = (text: string) => [...(parseMatcher(text).values ?? ["any"])];
    expect(values("foo=bar")).toEqual(["bar"]);
    expect(values("foo=~a|b")).toEqual(["a", "b"]);
    for (const text of ["foo=~a.", "foo!=bar", "foo!~a|b"]) expect(values(text)).toEqual(["any"]);
  });
});

test("what formatMatcher writes parses to the same", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, fc.constantFrom("=", "!="), text, (name, operator, value) => {
      const matcher = parseMatcher(formatMatcher({ name, operator, value }));
      expect([matcher.name, matcher.operator, matcher.value]).toEqual([name, operator, value]);
    }),
  );
});

test("any text is parsed or refused with a MatcherError inside it", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "=", "!", "~", '"', "\\", "{", "}", ",", " ", "\n", "é", "x", "0"),
  });
  fc.assert(
    fc.property(text, (source) => {
      const error = refusal(source);
      expect(error?.offset ?? 0).toBeLessThanOrEqual(source.length);
    }),
    { numRuns: 1_000 },
  );
});
