// Proves what a rules file may say, and that every problem is named where it stands.
import { describe, expect, test } from "vitest";
import { findRepeatedNames } from "../../src/rules/load.ts";
import { load, loadGood } from "./facts.ts";

describe("a whole rule", () => {
  test("is loaded with its defaults", () => {
    const [rule] = loadGood(`
rules:
  - name: seen
    mode: observe
    matchers: [alertname = "X"]
`);
    expect(rule).toMatchObject({
      name: "seen",
      mode: "observe",
      source: null,
      if: null,
      groupBy: null,
      runbook: null,
      guards: { cooldownMs: null },
      verify: { resolvedWithinMs: 600_000, stableForMs: 600_000, check: null },
      continue: false,
      meta: false,
      file: "rules/test.yml",
      line: 3,
    });
    expect(rule?.with.size).toBe(0);
  });

  test("is loaded with everything this version has", () => {
    const [rule] = loadGood(`
rules:
  - name: web-latency
    mode: auto
    source: alertmanager
    matchers:
      - alertname = "HighRequestLatency"
      - service =~ "web|api", instance != ""
    if: alert.?labels.env.orValue("") == "prod" && (!has(alert.values.B) || alert.values.B > 0.8)
    group_by: [service, instance]
    runbook: restart-web
    with:
      host: \${{ alert.labels.instance }}
      service: \${{ group.labels.service }}
      fixed: text
      count: 3
      careful: true
    guards: {cooldown: 30m}
    verify:
      resolved_within: 5m
      stable_for: 0s
      check: {prometheus: {query: "up == 0"}, expect: value < 0.8}
      worse: value > 5.0
    continue: true
    meta: true
`);
    expect(rule).toMatchObject({
      mode: "auto",
      source: "alertmanager",
      groupBy: ["service", "instance"],
      runbook: "restart-web",
      guards: { cooldownMs: 1_800_000 },
      verify: { resolvedWithinMs: 300_000, stableForMs: 0, check: { query: "up == 0" } },
      continue: true,
      meta: true,
    });
    expect(rule?.matchers.map(({ name, operator }) => name + operator)).toEqual([
      "alertname=",
      "service=~",
      "instance!=",
    ]);
    expect(rule?.verify.check?.expect.evaluate({ value: 0.5 })).toBe(true);
    expect(rule?.verify.check?.worse?.evaluate({ value: 5 })).toBe(false);
    expect([...(rule?.with ?? [])].map(([name, value]) => [name, typeof value])).toEqual([
      ["host", "object"],
      ["service", "object"],
      ["fixed", "string"],
      ["count", "number"],
      ["careful", "boolean"],
    ]);
  });
});

/** The code of each problem, and the text its caret marks. */
function marks(text: string): string[] {
  return load(text).problems.map((problem) => {
    const marked = problem.sourceLine.slice(problem.column - 1, problem.column - 1 + problem.length);
    return `${problem.line} ${problem.code} [${marked}]`;
  });
}

const RULE = (lines: string, matcher = 'alertname = "X"') =>
  `rules:\n  - name: one\n    mode: auto\n    runbook: look\n    matchers: ['${matcher}']\n${lines.replaceAll(/^/gm, "    ")}\n`;

describe("problems stand where they are", () => {
  test.each<[string, string, string[]]>([
    ["an unknown name", "if: alrt.status == 'x'", ["6 expression-unknown-name [alrt]"]],
    ["an unknown field", 'if: "alert.lables.x == 1"', ["6 expression-unknown-name [lables]"]],
    ["a wrong type", "if: alert.status + 'x'", ["6 expression-type [alert.status + 'x']"]],
    ["a syntax error in a block", "if: |\n  alert.status ==\n  'x' &&", ["8 expression-syntax [&]"]],
    ["matches()", 'if: alert.status.matches("x")', ['6 expression-not-allowed [alert.status.matches("x")]']],
    ["a bad template", "with:\n  a: x ${{ alert.nope }}", ["7 expression-unknown-name [nope]"]],
    ["an open template", "with:\n  a: x ${{ alert.status", ["7 expression-syntax [${{]"]],
    [
      "an input from the runbook's world",
      "with:\n  a: ${{ inputs.host }}",
      ["7 expression-unknown-name [inputs]"],
    ],
    ["an unknown key", "whith: {}", ["6 unknown-key [whith]"]],
    ["a wrong duration", "guards: {cooldown: 5 minutes}", ["6 invalid-value [5 minutes]"]],
    ["worse without check", "verify: {worse: value > 1.0}", ["6 missing-key [worse]"]],
    [
      "an expression of the wrong kind",
      "verify: {check: {prometheus: {query: up}, expect: value}}",
      ["6 expression-type [value]"],
    ],
    [
      "a template in a query",
      "verify: {check: {prometheus: {query: '${{ alert.status }}'}, expect: value > 1.0}}",
      ["6 invalid-value ['${{ alert.status }}']"],
    ],
    ["a label twice in group_by", "group_by: [a, b, a]", ["6 invalid-value [a]"]],
    ["an empty group_by", "group_by: []", ["6 invalid-value [[]"]],
  ])("%s", (_, lines, expected) => {
    expect(marks(RULE(lines))).toEqual(expected);
  });

  test.each<[string, string]>([
    ["alertname X", "5 matcher-syntax [X]"],
    ['a="b", c=~"("', '5 matcher-syntax ["]'],
    ["", "5 matcher-syntax ['']"],
    ['""="x"', `5 matcher-syntax ['""="x"']`],
  ])("the matcher %j", (matcher, expected) => {
    expect(marks(RULE("", matcher))).toEqual([expected]);
  });

  test("all problems of all rules are reported, and the good rules are loaded", () => {
    const { rules, problems } = load(`
rules:
  - {name: one, mode: observe, matchers: ["a ~ b"], if: nope}
  - {name: two, mode: observe, matchers: [a = b]}
  - {name: three, mode: auto, matchers: [a = b]}
`);
    expect(rules.map((rule) => rule.name)).toEqual(["two"]);
    expect(problems.map((problem) => [problem.line, problem.code])).toEqual([
      [3, "matcher-syntax"],
      [3, "expression-unknown-name"],
      [5, "missing-key"],
    ]);
  });

  test.each<[string, string]>([
    ["{name: a, mode: auto, runbook: x}", "matchers"],
    ["{name: a, mode: auto, matchers: [a = b]}", "runbook"],
    ["{name: a, mode: observe, matchers: [a = b], with: {x: 1}}", "runbook"],
    ["{name: a, matchers: [a = b]}", "mode"],
    ["{mode: observe}", "name"],
  ])("%s lacks something", (rule, missing) => {
    const { rules, problems } = load(`rules:\n  - ${rule}\n`);
    expect(rules).toEqual([]);
    expect(problems.map((problem) => problem.code)).toEqual(["missing-key"]);
    expect(problems[0]?.message).toContain(`"${missing}"`);
  });
});

describe("not available in this version", () => {
  test.each([
    "after: 2m",
    "when_count: {min: 3, within: 10m}",
    "active: [office-hours]",
    "mute: [night]",
    "batch: {wait: 0s, max: 50}",
    "on_resolve: cancel_pending",
    "ladder: []",
    "ladder_memory: 6h",
    "silence: {for: 15m}",
    "notify: [{to: x}]",
  ])("%s", (line) => {
    const [problem] = load(RULE(line)).problems;
    expect(problem?.code).toBe("not-available");
    expect(problem?.message).toMatch(/^this version of Nightshift does not have ".*" yet/);
  });

  test("a guard that is not there yet", () => {
    expect(marks(RULE("guards: {cooldown: 5m, rate_limit: {max: 1, per: 1h}, locks: [a]}"))).toEqual([
      "6 not-available [rate_limit]",
      "6 not-available [locks]",
    ]);
  });

  test("mode: approve", () => {
    const { problems } = load("rules:\n  - {name: a, mode: approve, runbook: x, matchers: [a = b]}\n");
    expect(problems.map(({ code, column }) => [code, column])).toEqual([["not-available", 21]]);
    expect(problems[0]?.message).toContain("use observe or auto");
  });
});

describe("what an alert may lack", () => {
  test.each<[string, string, string]>([
    ["if: alert.labels.env == 'prod'", 'alertname = "X"', "missing-label"],
    ["with: {a: '${{ alert.labels.env }}'}", 'alertname = "X"', "missing-label"],
    ["if: alert.labels.env == 'prod'", 'env = "prod"', "none"],
    ["if: alert.labels.env == 'prod'", 'env = ""', "missing-label"],
    ["if: alert.labels.env == 'prod'", 'env != ""', "none"],
    ["if: alert.labels.env == 'prod'", 'env != "test"', "missing-label"],
    ["if: alert.labels.env == 'prod'", 'env =~ ".+"', "none"],
    ["if: alert.labels.env == 'prod'", 'env =~ ".*"', "missing-label"],
    ["if: alert.labels.env == 'prod'", 'env =~ "a|b"', "none"],
    ["if: alert.labels.env == 'prod'", 'env !~ "|test"', "none"],
    ['if: alert.labels["k8s.io/name"] == "a"', '"k8s.io/name" = "a"', "none"],
    ["if: has(alert.labels.env) && alert.labels.env == 'prod'", 'alertname = "X"', "none"],
    ["if: alert.labels.?env.orValue('') == 'prod'", 'alertname = "X"', "none"],
    ['if: \'"env" in alert.labels && alert.labels.env == "prod"\'', 'alertname = "X"', "none"],
    ["if: has(alert.labels.env)\nwith: {a: '${{ alert.labels.env }}'}", 'alertname = "X"', "none"],
    [
      "if: has(alert.labels.env) || true\nwith: {a: '${{ alert.labels.env }}'}",
      'alertname = "X"',
      "missing-label",
    ],
    ["group_by: [env]\nwith: {a: '${{ group.labels.env }}'}", 'env = "prod"', "none"],
    ["group_by: [env]\nwith: {a: '${{ group.labels.env }}'}", 'alertname = "X"', "missing-label"],
    ["group_by: [alertname]\nwith: {a: '${{ group.labels.env }}'}", 'env = "X"', "missing-label"],
    ["with: {a: '${{ group.labels.alertname }}'}", 'alertname = "X"', "none"],
    ["if: alert.annotations.summary != ''", 'summary = "X"', "missing-annotation"],
    ["if: has(alert.annotations.summary)", 'alertname = "X"', "none"],
    ["if: alert.values.B > 1.0", 'alertname = "X"', "missing-value"],
    ['if: "!has(alert.values.B) || alert.values.B > 1.0"', 'alertname = "X"', "none"],
  ])("%s with %s", (lines, matcher, expected) => {
    const codes = load(RULE(lines, matcher)).problems.map((problem) => problem.code);
    expect(codes).toEqual(expected === "none" ? [] : [expected]);
  });

  test("the caret marks the label", () => {
    expect(marks(RULE("with:\n  a: on ${{ alert.labels.env }}"))).toEqual([
      "7 missing-label [alert.labels.env]",
    ]);
  });
});

test("a name that another file has is found", () => {
  const rules = [...loadGood(RULE("")), ...loadGood(RULE("").replace("one", "two")), ...loadGood(RULE(""))];
  expect(findRepeatedNames(rules).map(({ code, line, message }) => [code, line, message])).toEqual([
    ["repeated-name", 2, 'the rule "one" is already in rules/test.yml:2'],
  ]);
});
