import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindPromql, PromqlError, quoteRe2 } from "../../src/outbound/promql.ts";
import type { QueryVariable } from "../../src/runbooks/verbs/prometheus.ts";

const text = (value: string): QueryVariable => ({ kind: "text", value });
// oxlint-disable-next-line unicorn/no-thenable -- the word of the runbook language
const regexOf = (value: string, then = ""): QueryVariable => ({ kind: "regex_of", value, then });

describe("binds", () => {
  test.each<[string, string, Record<string, QueryVariable>, string]>([
    [
      "the example of the runbook language",
      "rate(http_requests_seconds_sum{instance=~$host}[5m])",
      { host: regexOf("web-1.example", ":[0-9]+") },
      'rate(http_requests_seconds_sum{instance=~"web-1\\\\.example:[0-9]+"}[5m])',
    ],
    ["a text", "up{job=$job}", { job: text('a"b\\c') }, 'up{job="a\\"b\\\\c"}'],
    ["one twice", "a{x=$v} / b{x=$v}", { v: text("1") }, 'a{x="1"} / b{x="1"}'],
    ["the longest name", "{a=$ab,b=$a}", { a: text("1"), ab: text("2") }, '{a="2",b="1"}'],
    [
      "nothing in strings that name none",
      'label_replace(up, "a", "$1", "b", "(.*)")',
      {},
      'label_replace(up, "a", "$1", "b", "(.*)")',
    ],
    ["nothing in comments", "up # $host is down\n", { host: text("x") }, "up # $host is down\n"],
    [
      "after a string with quotes in it",
      "{a='it\\'s $1',b=`\"`,c=$v}",
      { v: text("x") },
      "{a='it\\'s $1',b=`\"`,c=\"x\"}",
    ],
    [
      "line breaks and other controls",
      "{a=$v}",
      { v: text("a\nb\u0000\u007f") },
      '{a="a\\u000ab\\u0000\\u007f"}',
    ],
    ["a value that looks like a variable", "{a=$v,b=$w}", { v: text("$w"), w: text("1") }, '{a="$w",b="1"}'],
  ])("%s", (_name, query, values, expected) => {
    expect(bindPromql(query, values)).toBe(expected);
  });
});

describe("refuses", () => {
  test.each<[string, string, Record<string, QueryVariable>, string, number]>([
    ["a variable without a value", "up{a=$b}", {}, "$b has no value", 5],
    ["the name of an object's own members", "up{a=$toString}", {}, "$toString has no value", 5],
    ["a variable inside a string", 'up{a=~"$host:.*"}', { host: text("x") }, "inside a string", 7],
    ["one in braces inside a string", "up{a=~'${host}'}", { host: text("x") }, "inside a string", 7],
    ["a string that does not end", 'up{a="', {}, "does not end", 5],
  ])("%s", (_name, query, values, message, offset) => {
    const bind = () => bindPromql(query, values);
    expect(bind).toThrow(PromqlError);
    expect(bind).toThrow(message);
    expect(bind).toThrow(expect.objectContaining({ offset }));
  });
});

test("a bound value is one string literal, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.boolean(), (value, isRegex) => {
      const bound = bindPromql("{a=$v}", { v: isRegex ? regexOf(value) : text(value) });
      const literal = bound.slice(3, -1);
      expect(literal).toMatch(/^"(?:[^"\\\n\r]|\\["\\]|\\u[0-9a-f]{4})*"$/);
      expect(JSON.parse(literal)).toBe((isRegex ? quoteRe2(value) : value).toWellFormed());
    }),
  );
});

test("a quoted text matches itself alone", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (value, other) => {
      const pattern = new RegExp(`^(?:${quoteRe2(value)})$`);
      expect(pattern.test(value)).toBe(true);
      expect(pattern.test(other)).toBe(value === other);
    }),
  );
});
