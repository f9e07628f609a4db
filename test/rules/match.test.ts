// Proves which rules an alert reaches, in which order, and that the index finds exactly what a scan of all rules finds.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Alert } from "../../src/alerts/alert.ts";
import { bindWith } from "../../src/rules/bind.ts";
import { buildMatchIndex } from "../../src/rules/match-index.ts";
import { matchAlert } from "../../src/rules/match.ts";
import type { Rule } from "../../src/rules/rule.ts";
import { type AlertFacts, alertVariables, groupValues } from "../../src/rules/scope.ts";
import { factsOf, loadGood } from "./facts.ts";

const rule = (name: string, more: string, mode = "auto") =>
  `  - {name: ${name}, mode: ${mode}, runbook: look, ${more}}\n`;
const index = (...rules: string[]) => buildMatchIndex(loadGood(`rules:\n${rules.join("")}`));
const results = (rules: ReturnType<typeof index>, facts: AlertFacts) =>
  matchAlert(rules, facts).map((result) =>
    result.kind === "matched" ? result.rule.name : `${result.rule.name}: ${result.reason}`,
  );

describe("order", () => {
  const A = 'matchers: ["a = x"]';

  test("the first rule that matches ends it", () => {
    expect(
      results(
        index(rule("other", 'matchers: ["a = y"]'), rule("one", A), rule("two", A)),
        factsOf({ a: "x" }),
      ),
    ).toEqual(["one"]);
  });

  test("unless it says continue, or only observes", () => {
    const rules = index(
      rule("watch", A, "observe"),
      rule("one", `${A}, continue: true`),
      rule("two", A),
      rule("three", A),
    );
    expect(results(rules, factsOf({ a: "x" }))).toEqual(["watch", "one", "two"]);
  });

  test("rules without an equality keep their place among the others", () => {
    const rules = index(
      rule("regex", 'matchers: ["a =~ x.*"], continue: true'),
      rule("equal", `${A}, continue: true`),
      rule("negative", 'matchers: ["b != y"], continue: true'),
      rule("missing", `matchers: ['c = ""'], continue: true`),
      rule("literals", 'matchers: ["a =~ x|y"], continue: true'),
    );
    expect(results(rules, factsOf({ a: "x" }))).toEqual([
      "regex",
      "equal",
      "negative",
      "missing",
      "literals",
    ]);
    expect(results(rules, factsOf({ a: "xx", b: "y", c: "z" }))).toEqual(["regex"]);
  });

  test("nothing matches nothing", () => {
    expect(results(index(rule("one", A)), factsOf({}))).toEqual([]);
    expect(results(buildMatchIndex([]), factsOf({ a: "x" }))).toEqual([]);
  });
});

describe("who may match", () => {
  test("a rule with a source matches only its alerts", () => {
    const rules = index(
      rule("grafana", 'matchers: ["a = x"], source: grafana'),
      rule("any", 'matchers: ["a = x"]'),
    );
    expect(results(rules, factsOf({ a: "x" }))).toEqual(["any"]);
    expect(results(rules, factsOf({ a: "x" }, {}, { source: "grafana" }))).toEqual(["grafana"]);
  });

  test.each<[Alert["nature"], string[]]>([
    ["plain", ["one"]],
    ["test", ["on-purpose"]],
    ["meta", ["on-purpose"]],
  ])("a %s alert", (nature, expected) => {
    const rules = index(
      rule("one", 'matchers: ["a = x"]'),
      rule("on-purpose", 'matchers: ["a = x"], meta: true'),
    );
    expect(results(rules, factsOf({ a: "x" }, { nature }))).toEqual(expected);
  });
});

describe("conditions", () => {
  const conditional = (condition: string) =>
    index(rule("if", `matchers: ["a = x"], if: '${condition}'`), rule("next", 'matchers: ["a = x"]'));

  test.each<[string, string[]]>([
    ["true", ["if"]],
    ["false", ["next"]],
    [`alert.labels.a == "x" && group.labels.a == "x"`, ["if"]],
    [`alert.starts_at < now && now - episode.opened_at < duration("5m")`, ["if"]],
    [`alert.starts_at == timestamp("2026-11-23T03:00:00.123Z") && episode.repeats == 0`, ["if"]],
    [`alert.values.?B.orValue(0.0) > 0.5`, ["if"]],
    ['alert.annotations.?summary.orValue("") == "slow"', ["if"]],
    [`alert.source == "alertmanager" && !alert.truncated && !has(alert.receiver)`, ["if"]],
    [`alert.labels[alert.status] == "x"`, ["if: missing_label", "next"]],
    [`alert.receiver == "x"`, ["if: missing_label", "next"]],
    ["1 / episode.repeats == 1", ["if: expression_error", "next"]],
    [`alert.fingerprint == "00000000000000aa"`, ["if"]],
  ])("%s", (condition, expected) => {
    const facts = factsOf(
      { a: "x" },
      { values: new Map([["B", 0.9]]), annotations: new Map([["summary", "slow"]]) },
    );
    const rules = conditional(condition);
    expect(results(rules, facts)).toEqual(expected);
  });

  test("a label value that is too long for a regular expression is a recorded refusal", () => {
    const rules = index(rule("hard", `matchers: ['a =~ "[ab]*a[ab]{400}c"']`));
    let state = 1;
    const noise = Array.from({ length: 8_192 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return "ab".charAt((state >>> 8) % 2);
    });
    expect(results(rules, factsOf({ a: noise.join("") }))).toEqual(["hard: expression_error"]);
  });
});

describe("the index", () => {
  test("looks only at rules whose rarest equality the alert has", () => {
    const rules = index(
      ...Array.from({ length: 50 }, (_, number) =>
        rule(`rule-${number}`, `matchers: ["severity = critical", "alertname = A${number}"]`),
      ),
    );
    expect(rules.candidates(factsOf({ severity: "critical", alertname: "A7" }).alert.labels)).toEqual([7]);
    expect(rules.candidates(factsOf({ severity: "critical", alertname: "other" }).alert.labels)).toEqual([]);
  });

  test("finds what a scan of all rules finds", () => {
    const value = fc.constantFrom("x", "y", "z", "");
    const name = fc.constantFrom("a", "b", "constructor", "__proto__");
    const matcher = fc
      .tuple(name, fc.constantFrom("=", "!=", "=~", "!~"), fc.array(value, { minLength: 1, maxLength: 3 }))
      .map(
        ([label, operator, values]) =>
          `${label} ${operator} "${operator.length === 2 && operator.endsWith("~") ? values.join("|") : values[0]}"`,
      );
    const matchers = fc.array(fc.array(matcher, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 12,
    });
    const labels = fc.array(fc.tuple(name, fc.constantFrom("x", "y", "z", "w")), { maxLength: 4 });
    fc.assert(
      fc.property(matchers, labels, (ofRules, pairs) => {
        const rules = loadGood(
          `rules:\n${ofRules.map((texts, number) => rule(`r${number}`, `continue: true, matchers: ${JSON.stringify(texts)}`)).join("")}`,
        );
        const facts = { ...factsOf({}), alert: { ...factsOf({}).alert, labels: new Map(pairs) } };
        const all = rules.map((_, position) => position);
        const scanned = matchAlert({ rules, candidates: () => all }, facts);
        expect(matchAlert(buildMatchIndex(rules), facts)).toEqual(scanned);
      }),
      { numRuns: 200 },
    );
  });
});

describe("binding", () => {
  const bound = (text: string, facts: AlertFacts) => {
    const [loaded] = loadGood(`rules:\n${text}`) as [Rule];
    return bindWith(loaded, alertVariables(loaded, facts));
  };

  test("labels become inputs, and other values stay as they are", () => {
    const text = rule(
      "one",
      `matchers: ["a = x"], with: {host: '\${{ alert.labels.a }}', text: 'on \${{ alert.labels.a }}', count: 3, fixed: "$x"}`,
    );
    expect(bound(text, factsOf({ a: "x" }))).toEqual({
      ok: true,
      inputs: { host: "x", text: "on x", count: 3, fixed: "$x" },
    });
  });

  test.each<[string, string, string]>([
    ["${{ alert.labels[alert.status] }}", "missing_label", "alert.labels[alert.status] is missing"],
    ["${{ alert.labels.?nope }}", "missing_label", "has no value"],
    ["on ${{ alert.labels.?nope }}", "missing_label", "alert.labels.?nope is missing"],
    ["${{ 1 / episode.repeats }}", "expression_error", "division by zero"],
  ])("%s is refused", (template, reason, message) => {
    const binding = bound(
      rule("one", `matchers: ["a = x"], with: {host: '${template}'}`),
      factsOf({ a: "x" }),
    );
    expect(binding).toMatchObject({ ok: false, reason, input: "host" });
    expect(binding.ok ? "" : binding.message).toContain(message);
  });
});

describe("groups", () => {
  const groupOf = (more: string, facts: AlertFacts) => {
    const [loaded] = loadGood(`rules:\n${rule("one", `matchers: ["a = x"]${more}`)}`) as [Rule];
    return groupValues(loaded, facts.source, facts.alert);
  };

  test("are told apart by the values of group_by, a missing label being empty", () => {
    expect(groupOf(", group_by: [b, a, c]", factsOf({ a: "x", b: "y" }))).toEqual(["y", "x", ""]);
  });

  test("are the alert's identity without it", () => {
    expect(groupOf("", factsOf({ a: "x" }, { orgId: "7" }))).toEqual([
      "alertmanager",
      "7",
      "00000000000000aa",
    ]);
  });
});
