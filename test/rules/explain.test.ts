// Proves that the explanation of an alert says what matching does, and names what did not fit.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainMatch } from "../../src/rules/explain.ts";
import { buildMatchIndex } from "../../src/rules/match-index.ts";
import { matchAlert } from "../../src/rules/match.ts";
import { factsOf, loadGood } from "./facts.ts";

const indexOf = (...rules: string[]) => buildMatchIndex(loadGood(`rules:\n${rules.join("")}`));
const rule = (name: string, more: string, mode = "auto") =>
  `  - {name: ${name}, mode: ${mode}, runbook: look, matchers: ['a != ""'], ${more}}\n`;
const becauseOf = (more: string, ...facts: Parameters<typeof factsOf>) =>
  explainMatch(indexOf(rule("one", more)), factsOf(...facts))[0];

describe("a rule that does not match says why", () => {
  test("another source", () => {
    expect(becauseOf("source: grafana", { a: "x" })).toEqual({
      rule: "one",
      mode: "auto",
      verdict: "no",
      because: { kind: "source", wanted: "grafana", seen: "alertmanager" },
    });
  });

  test("an alert about the alerting", () => {
    expect(becauseOf("continue: true", { a: "x" }, { nature: "meta" })?.because).toEqual({
      kind: "meta",
      nature: "meta",
    });
  });

  test("a matcher, with the value seen or none", () => {
    const index = indexOf("  - {name: one, mode: observe, matchers: ['a = x', 'b =~ \"y.*\"']}\n");
    expect(explainMatch(index, factsOf({ a: "x", b: "z" }))[0]?.because).toEqual({
      kind: "matcher",
      matcher: 'b=~"y.*"',
      label: "b",
      seen: "z",
    });
    expect(explainMatch(index, factsOf({}))[0]?.because).toEqual({
      kind: "matcher",
      matcher: 'a="x"',
      label: "a",
      seen: null,
    });
  });

  test("the first part of the condition that is false, with what it read", () => {
    const more = `if: 'alert.labels.a == "x" && (alert.?labels.env.orValue("") == "prod" || episode.repeats > 3) && alert.labels.a == "y"'`;
    expect(becauseOf(more, { a: "x", env: "test" })?.because).toEqual({
      kind: "if",
      expression: '(alert.?labels.env.orValue("") == "prod" || episode.repeats > 3)',
      values: [
        { name: "alert.labels.env", value: '"test"' },
        { name: "episode.repeats", value: "0" },
      ],
    });
  });

  test("the whole condition when it is no chain", () => {
    expect(becauseOf(`if: 'alert.labels.a == "y" || now < alert.starts_at'`, { a: "x" })?.because).toEqual({
      kind: "if",
      expression: 'alert.labels.a == "y" || now < alert.starts_at',
      values: [
        { name: "alert.labels.a", value: '"x"' },
        { name: "now", value: '"2026-11-23T03:05:00.000Z"' },
        { name: "alert.starts_at", value: '"2026-11-23T03:00:00.123456789Z"' },
      ],
    });
  });

  test("too few alerts of the group", () => {
    const index = indexOf(rule("one", "group_by: [a], when_count: {min: 3, within: 10m}"));
    expect(explainMatch(index, factsOf({ a: "x" }), () => false)[0]).toMatchObject({
      verdict: "no",
      because: { kind: "when_count", min: 3, withinMs: 600_000 },
    });
    expect(explainMatch(index, factsOf({ a: "x" }), () => true)[0]?.verdict).toBe("matches");
  });
});

describe("a rule that cannot judge the alert", () => {
  test.each([
    [`if: 'group.alerts.all(one, one.labels.b == "x")'`, "missing_label"],
    [`if: 'int(alert.labels.a) > 3'`, "expression_error"],
  ])("%s", (more, kind) => {
    const said = becauseOf(more, { a: "x" });
    expect(said?.verdict).toBe("cannot_judge");
    expect(said?.because.kind).toBe(kind);
  });
});

test("rules behind the one that took the alert were not tried", () => {
  const index = indexOf(
    rule("watch", "meta: true", "observe"),
    rule("one", "meta: true"),
    rule("two", "meta: true"),
  );
  expect(explainMatch(index, factsOf({ a: "x" })).map((said) => [said.rule, said.verdict])).toEqual([
    ["watch", "matches"],
    ["one", "matches"],
    ["two", "not_tried"],
  ]);
  expect(explainMatch(index, factsOf({ a: "x" }))[2]?.because).toEqual({ kind: "taken", rule: "one" });
});

test("says of every alert what matching does", () => {
  const text = (items: readonly string[]) => fc.constantFrom(...items);
  const matcher = text(['a = "x"', 'a =~ "x|y"', 'a != "x"', 'b = ""', 'b =~ "y.*"', 'c !~ "z+"', 'a != ""']);
  const condition = text([
    "",
    'alert.?labels.b.orValue("") == "y"',
    'has(alert.labels.c) && alert.labels.c == "z" && episode.repeats == 0',
    'group.alerts.exists(one, one.labels.b == "y")',
    'int(alert.?labels.a.orValue("")) > 1 && alert.status == "firing"',
    'alert.status == "resolved" && int(alert.?labels.a.orValue("")) > 1',
  ]);
  const entry = fc.record({
    mode: text(["observe", "approve", "auto"]),
    matchers: fc.array(matcher, { minLength: 1, maxLength: 3 }),
    condition,
    source: text(["", "alertmanager", "grafana"]),
    continue: fc.boolean(),
    meta: fc.boolean(),
    counts: fc.boolean(),
  });
  const file = fc.array(entry, { minLength: 1, maxLength: 8 }).map((entries) =>
    entries
      .map((one, index) => {
        const source = one.source === "" ? "" : `, source: ${one.source}`;
        const condition = one.condition === "" ? "" : `, if: ${JSON.stringify(one.condition)}`;
        const count = one.counts ? ", group_by: [a], when_count: {min: 2, within: 1h}" : "";
        return `  - {name: r${index}, mode: ${one.mode}, runbook: look, matchers: ${JSON.stringify(one.matchers)}, continue: ${one.continue}, meta: ${one.meta}${source}${condition}${count}}\n`;
      })
      .join(""),
  );
  const labels = fc.dictionary(text(["a", "b", "c"]), text(["x", "y", "yy", "z", "7", ""]), { maxKeys: 3 });
  const nature = fc.constantFrom("plain" as const, "plain" as const, "test" as const, "meta" as const);
  const verdicts = new Map<string, number>();
  fc.assert(
    fc.property(file, labels, nature, fc.boolean(), (rules, given, kind, isCountReached) => {
      const index = indexOf(rules);
      const facts = factsOf(given, { nature: kind });
      const isReached = () => isCountReached;
      const said = explainMatch(index, facts, isReached);
      for (const { verdict } of said) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      const judged = matchAlert(index, facts, isReached).map((result) =>
        result.kind === "matched" ? [result.rule.name, "all"] : [result.rule.name, result.reason],
      );
      const spoken = said.filter(({ verdict }) => verdict === "matches" || verdict === "cannot_judge");
      expect(spoken.map((one) => [one.rule, one.because.kind])).toEqual(judged);
      expect(said.map((one) => one.rule)).toEqual(index.rules.map((one) => one.name));
    }),
    { numRuns: 500 },
  );
  // Every kind of answer was among them, so none of them agreed by never being given.
  expect([...verdicts.keys()].sort()).toEqual(["cannot_judge", "matches", "no", "not_tried"]);
});
