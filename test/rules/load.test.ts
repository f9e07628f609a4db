// Proves what a rules file may say, and that every problem is named where it stands.
import { describe, expect, test } from "vitest";
import { alertVariables, tellVariables } from "../../src/rules/scope.ts";
import { NO_GUARDS } from "../../src/runbooks/guards.ts";
import { factsOf, load, loadGood } from "./facts.ts";

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

  test("is loaded with what most rules have", () => {
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

describe("the keys of a whole rule", () => {
  const [rule] = loadGood(`
rules:
  - name: web-latency
    mode: approve
    matchers: ['alertname = "Slow"', 'instance != ""']
    after: 2m
    group_by: [alertname]
    when_count: {min: 3, within: 10m}
    active: [office-hours]
    mute: [holidays]
    runbook: restart-web
    with: {host: "\${{ alert.labels.instance }}", count: "\${{ group.alerts.size() }}"}
    guards:
      cooldown: 30m
      rate_limit: {max: 3, per: 1h}
      locks: ["pool:web"]
      concurrency: 2
      on_busy: refuse
      wait: 5m
      budget: {hosts: 'role = "web", env != "test"', max: 20%, within: 30m}
      breaker: {failures: 3, within: 2h}
      active: [weekdays]
      mute: [night]
    verify: {resolved_within: 10m, stable_for: 10m}
    on_resolve: {run: tidy, with: {host: "\${{ alert.labels.instance }}"}}
    ladder:
      - {runbook: reboot, mode: auto, with: {host: "\${{ alert.labels.instance }}"}}
      - notify:
          to: oncall
          title: "\${{ alert.labels.alertname }}"
          text: "\${{ group.labels.alertname }} needs a person: \${{ run.url }}"
    ladder_memory: 3h
    batch: {wait: 1m, max: 10}
    silence: {for: 15m}
    notify: [{to: oncall, events: [failed]}]
`);

  test("are all read", () => {
    expect(rule).toMatchObject({
      mode: "approve",
      afterMs: 120_000,
      whenCount: { min: 3, withinMs: 600_000 },
      batch: { waitMs: 60_000, max: 10 },
      ladderMemoryMs: 3 * 3_600_000,
      silenceForMs: 900_000,
      notify: [{ to: "oncall", events: ["failed"] }],
      onResolve: { kind: "run", runbook: "tidy" },
    });
  });

  test("give guards, to which the intervals of the rule itself belong", () => {
    expect(rule?.guards).toMatchObject({
      cooldownMs: 1_800_000,
      rateLimit: { max: 3, perMs: 3_600_000 },
      locks: ["pool:web"],
      concurrency: 2,
      onBusy: "refuse",
      waitMs: 300_000,
      budget: {
        selector: 'role = "web", env != "test"',
        max: { unit: "percent", amount: 20 },
        withinMs: 1_800_000,
      },
      breaker: { failures: 3, withinMs: 7_200_000, resetAfterMs: 43_200_000 },
      active: ["office-hours", "weekdays"],
      mute: ["holidays", "night"],
    });
    expect(rule?.guards.budget?.hosts.map(({ name, operator }) => name + operator)).toEqual([
      "role=",
      "env!=",
    ]);
  });

  test("give rungs, of which the telling one sees the run", () => {
    const [run, tell] = rule?.ladder ?? [];
    expect(run).toMatchObject({ kind: "run", runbook: "reboot", mode: "auto" });
    if (rule === undefined || tell?.kind !== "tell" || typeof tell.text === "string")
      throw new Error("the second rung has a text with templates");
    const facts = factsOf({ alertname: "Slow", instance: "web-1" });
    expect(tell.text.render(tellVariables(rule, facts, { id: "r1", url: "http://n/r/r1" }))).toBe(
      "Slow needs a person: http://n/r/r1",
    );
  });

  test("have defaults where they are left out", () => {
    const [plain] = loadGood(RULE("ladder: [{runbook: look}]"));
    expect(plain).toMatchObject({
      afterMs: 0,
      batch: { waitMs: 0, max: 50 },
      whenCount: null,
      onResolve: { kind: "cancel_pending" },
      ladder: [{ kind: "run", runbook: "look", mode: null }],
      ladderMemoryMs: 6 * 3_600_000,
      silenceForMs: null,
      notify: null,
    });
    expect(plain?.guards).toEqual({ ...NO_GUARDS, cooldownMs: null, breaker: null });
    expect(plain?.ladder[0]).toMatchObject({ with: new Map() });
  });

  test.each(["cancel_pending", "let_finish", "cancel"])("on_resolve: %s", (word) => {
    expect(loadGood(RULE(`on_resolve: ${word}`))[0]?.onResolve).toEqual({ kind: word });
  });
});

describe("the alerts of a group", () => {
  const conditionOf = (text: string) => loadGood(RULE(`if: '${text}'`))[0];
  const facts = (instance: string) => factsOf({ alertname: "X", instance });

  test("are the alert alone, unless more are given", () => {
    const rule = conditionOf('group.alerts.size() == 1 && group.alerts[0].status == "firing"');
    if (rule === undefined) throw new Error("the rule does not load");
    expect(rule.if?.evaluate(alertVariables(rule, facts("a")))).toBe(true);
    const two = { ...facts("a"), members: [facts("a"), facts("b")] };
    expect(rule.if?.evaluate(alertVariables(rule, two))).toBe(false);
  });

  test("have the fields of an alert", () => {
    const rule = conditionOf('group.alerts.exists(one, one.labels.instance == "b")');
    if (rule === undefined) throw new Error("the rule does not load");
    const two = { ...facts("a"), members: [facts("a"), facts("b")] };
    expect(rule.if?.evaluate(alertVariables(rule, two))).toBe(true);
    expect(rule.if?.evaluate(alertVariables(rule, facts("a")))).toBe(false);
    expect(marks(RULE("if: 'group.alerts.exists(one, one.lables.x == \"b\")'"))).toEqual([
      expect.stringContaining("6 expression-type ["),
    ]);
  });
});

describe("one wrong key does not hide what else is wrong", () => {
  test("in the same rule", () => {
    expect(
      marks(
        RULE(`whith: {}
if: alrt.status == "x"
with: {a: "\${{ alert.nope }}"}
guards: {cooldown: soon, budget: {hosts: 'role ~ web', max: 0%, within: 1h}}
ladder: [{notify: {to: oncall, text: "\${{ rnu.url }}", txt: x}}]
on_resolve: {run: Bad Name, with: {a: "\${{ alert.nope }}"}}
verify: {stable_for: long, worse: vlaue > 1, check: {prometheus: {query: up}, expect: valeu > 1.0}}`),
      ),
    ).toEqual([
      "6 unknown-key [whith]",
      "7 expression-unknown-name [alrt]",
      "8 expression-unknown-name [nope]",
      "9 invalid-value [soon]",
      "9 matcher-syntax [~]",
      "9 invalid-value [0%]",
      "10 expression-unknown-name [rnu]",
      "10 unknown-key [txt]",
      "11 invalid-value [Bad Name]",
      "11 expression-unknown-name [nope]",
      "12 invalid-value [long]",
      "12 expression-unknown-name [vlaue]",
      "12 expression-unknown-name [valeu]",
    ]);
  });

  test("in other rules, and good ones are loaded", () => {
    const { rules, problems } = load(`
rules:
  - {name: one, mode: loud}
  - {name: two, mode: observe, matchers: [a = b], if: nope}
  - {name: three, mode: observe, matchers: [a = b]}
  - 7
`);
    expect(rules.map((rule) => rule.name)).toEqual(["three"]);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [3, "invalid-value"],
      [4, "expression-unknown-name"],
      [6, "invalid-value"],
    ]);
  });

  test("a matcher that cannot be read does not make labels look missing", () => {
    expect(marks(RULE("with: {a: '${{ alert.labels.env }}'}", "env ~ prod"))).toEqual([
      "5 matcher-syntax [~]",
    ]);
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
