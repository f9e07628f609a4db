// What `nightshift test` writes: diffs for people, JUnit XML and JSON for programs, positions for wrong files.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { junitXml } from "../../src/cli/junit.ts";
import type { TestResult } from "../../src/simulation/run-tests.ts";
import { HEAD, runTests, testsFolder } from "./tests-folder.ts";
import { parseXml, textOf } from "./xml.ts";

const RULES = `
rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance != ""']
    if: alert.labels.?env.orValue("prod") == "prod"
    group_by: [instance]
    runbook: fix
    with: {host: "\${{ alert.labels.instance }}"}
    guards: {cooldown: 30m}
  - name: rest
    mode: observe
    matchers: ['alertname = "Rest"']
`;
const ALERT = '{labels: {alertname: Slow, instance: "web-1:9100"}}';
const FAILING = `${HEAD}tests:
  - name: good
    alerts: [${ALERT}]
    expect: [{rule: slow}]
  - name: a second one starts at once
    steps:
      - {at: 0s, alerts: [${ALERT}], expect: [{rule: slow, runbook: fix, with: {host: web-2}}, {no_match: true}]}
      - {at: 5m, resolved: [${ALERT}]}
      - at: 6m
        alerts: [${ALERT}]
        expect: [{rule: slow}]
        expect_counts: {started: 1, "delayed:cooldown": 1}
        expect_runs: [{status: succeeded}, {status: running, outcome: null}]
`;

test("a failure shows what was expected, what was got, and why", async () => {
  const { exitCode, stdout } = await runTests({ "rules.yml": RULES, "a.test.yml": FAILING });
  expect(stdout.replace(/\d+\.\d s/, "0.1 s")).toBe(`FAIL FOLDER/a.test.yml:7: a second one starts at once
  FOLDER/a.test.yml:9: decisions at 0s (- expected, + got)
    - {rule: slow, runbook: fix, with: {host: web-2}}
    - {no_match: true}
    + {rule: slow, runbook: fix, with: {host: web-1}}
  FOLDER/a.test.yml:11: decisions at 6m (- expected, + got)
    - {rule: slow}
    + {rule: slow, delayed: cooldown}  # the last run for this group ended at 2026-01-01T00:00:00Z, and the cooldown is 30m
  FOLDER/a.test.yml:11: counts at 6m (- expected, + got)
      delayed:cooldown: 1
    - started: 1
    + started: 0
  FOLDER/a.test.yml:11: runs at 6m (- expected, + got)
      {status: succeeded}
    - {status: running, outcome: null}

1 passed, 1 failed in 0.1 s
`);
  expect(exitCode).toBe(3);
});

test("JSON holds the same", async () => {
  const { stdout } = await runTests(
    { "rules.yml": RULES, "a.test.yml": FAILING },
    { format: "json", coverage: true },
  );
  expect(JSON.parse(stdout)).toMatchObject({
    passed: 1,
    failed: 1,
    tests: [
      { name: "good", passed: true, failures: [] },
      {
        name: "a second one starts at once",
        passed: false,
        failures: [{ title: "decisions at 0s" }, {}, {}, {}],
      },
    ],
    coverage: {
      percent: 50,
      rules: [{ rule: "slow", matched: true, unseen: ["if false"] }, { rule: "rest" }],
    },
  });
});

describe("coverage", () => {
  test("says what no test has met, and may be a reason to fail", async () => {
    const { exitCode, stdout, stderr } = await runTests(
      { "rules.yml": RULES, "a.test.yml": FAILING },
      { run: "^good$", coverage: true, coverageThreshold: 60 },
    );
    expect(stdout).toContain(`coverage: 1 of 2 rules matched (50 %)
  FOLDER/rules.yml:3: slow: matched; never seen: if false, cooldown
  FOLDER/rules.yml:11: rest: never matched
`);
    expect(stderr).toBe("the tests matched 50 % of the rules, less than 60 %\n");
    expect(exitCode).toBe(3);
  });

  test("an `if` that was false is seen although no rule matched", async () => {
    const tests = `${HEAD}tests: [{name: a, alerts: [{labels: {alertname: Slow, instance: a, env: test}}], expect: [{no_match: true}]}]`;
    const { stdout } = await runTests(
      { "rules.yml": RULES.replace("guards: {cooldown: 30m}", ""), "a.test.yml": tests },
      { format: "json", coverage: true },
    );
    expect(JSON.parse(stdout)).toMatchObject({
      coverage: { percent: 0, rules: [{ rule: "slow", matched: false, unseen: [] }, {}] },
    });
  });
});

describe("which tests are run", () => {
  const TWO = `${HEAD}tests: [{name: one}, {name: other}]`;

  test("those with the text in their name", async () => {
    const { stdout } = await runTests({ "rules.yml": RULES, "a.test.yml": TWO }, { run: "^on" });
    expect(stdout).toMatch(/^1 passed/);
    const none = await runTests({ "rules.yml": RULES, "a.test.yml": TWO }, { run: "nothing" });
    expect(none).toMatchObject({ exitCode: 2, stderr: "no test has a name with nothing in it\n" });
    expect((await runTests({ "rules.yml": RULES, "a.test.yml": TWO }, { run: "(" })).exitCode).toBe(2);
  });

  test("those beside the configured rules, whose rules all count as rules to cover", async () => {
    const settings =
      "rules: [rules/*.yml]\nrunbooks: [runbooks/*.yml]\nnotifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed]}]\n";
    const folder = testsFolder({
      "nightshift.yml": settings,
      "rules/a.yml": RULES,
      "rules/b.yml": "rules: [{name: untested, mode: observe, matchers: []}]",
      "rules/a.test.yml":
        "settings: {runbooks: [../runbooks/*.yml], hosts: [../hosts.yml]}\nrule_files: [a.yml]\ntests: [{name: one}]",
    });
    const written = await runTests(
      {},
      { configFile: join(folder, "nightshift.yml"), coverage: true, format: "json" },
    );
    expect(JSON.parse(written.stdout)).toMatchObject({
      passed: 1,
      coverage: { rules: [{ rule: "slow" }, { rule: "rest" }, { rule: "untested" }] },
    });
  });

  test("none at all is no success", async () => {
    const folder = testsFolder({
      "nightshift.yml": "rules: [rules/*.yml]",
      "rules/a.yml": "rules: [{name: a, mode: observe, matchers: []}]",
    });
    const { exitCode, stderr } = await runTests({}, { configFile: join(folder, "nightshift.yml") });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("there is no *.test.yml beside the rules");
  });
});

test("JUnit XML is read back as it was meant, whatever is in the texts", async () => {
  const folder = testsFolder({});
  const file = join(folder, "junit.xml");
  await runTests({ "rules.yml": RULES, "a.test.yml": FAILING }, { junit: file });
  const [suites] = parseXml(readFileSync(file, "utf8"));
  expect(suites).toMatchObject({
    name: "testsuites",
    attributes: { tests: "2", failures: "1", errors: "0" },
  });
  const cases = suites?.children[0]?.children ?? [];
  expect(cases.map((each) => [each.attributes["name"], each.children.length])).toEqual([
    ["good", 0],
    ["a second one starts at once", 1],
  ]);
  expect(textOf(cases[1])).toContain("- {rule: slow, runbook: fix, with: {host: web-2}}\n");
});

test("JUnit XML escapes what XML would read otherwise", () => {
  const name = `<a & "b"> ]]> \u0000\u001b[31m\ud800 \n\ttab`;
  const result: TestResult = {
    file: 'f"<&.yml',
    name,
    line: 1,
    durationMs: 1,
    failures: [{ line: 2, title: "t", diff: [name] }],
  };
  const xml = junitXml([result]);
  const [suites] = parseXml(xml);
  const read = suites?.children[0]?.children[0];
  const shown = `<a & "b"> ]]> \ufffd\ufffd[31m\ufffd \n\ttab`;
  expect(read?.attributes["name"]).toBe(shown);
  expect(textOf(read)).toContain(shown);
  // No parser takes them, not even as references.
  expect(/(?![\t\n])\p{Cc}/u.test(xml)).toBe(false);
});

describe("a file that is wrong", () => {
  test.each([
    [
      "an unknown key",
      "tests: [{name: a, alert: []}]",
      '4:19: unknown-key: unknown key "alert"; did you mean "alerts"?',
    ],
    [
      "an unknown key of an expectation",
      "tests: [{name: a, expect: [{rul: slow}]}]",
      'unknown-key: unknown key "rul"; did you mean "rule"?',
    ],
    [
      "an unknown rule",
      "tests: [{name: a, expect: [{rule: slwo}]}]",
      'unknown-rule: there is no rule "slwo"; did you mean "slow"?',
    ],
    [
      "an unknown reason",
      "tests: [{name: a, expect: [{rule: slow, delayed: cooldwn}]}]",
      'unknown-reason: there is no reason "cooldwn"; did you mean "cooldown"?',
    ],
    [
      "a kind that is none",
      "tests: [{name: a, expect_counts: {startd: 1}}]",
      'there is no kind of decision "startd"; did you mean "started"?',
    ],
    [
      "two kinds",
      "tests: [{name: a, expect: [{rule: slow, delayed: cooldown, observed: true}]}]",
      "a decision is either delayed or observed",
    ],
    [
      "steps out of order",
      "tests: [{name: a, steps: [{at: 5m}, {at: 1m}]}]",
      "the steps are in the order of their times",
    ],
    [
      "alerts beside steps",
      "tests: [{name: a, alerts: [], steps: [{at: 5m}]}]",
      'a test with "steps" has "alerts" in them',
    ],
    [
      "a mock for no step",
      "tests: [{name: a, runbook: fix, mock: {restrt: {}}}]",
      'there is no step "restrt"; did you mean "restart"?',
    ],
    [
      "a step that is not there",
      "tests: [{name: a, runbook: fix, expect_steps: {x: failed}}]",
      'there is no step "x"',
    ],
    [
      "a runbook that is not there",
      "tests: [{name: a, runbook: fx}]",
      'there is no runbook "fx"; did you mean "fix"?',
    ],
    ["keys of the other kind", "tests: [{name: a, runbook: fix, alerts: []}]", '"alerts" is for a rule test'],
    ["a mock in a rule test", "tests: [{name: a, mock: {}}]", '"mock" is for a runbook test'],
    ["two tests of one name", "tests: [{name: a}, {name: a}]", 'there are two tests named "a"'],
    [
      "too many alerts",
      'tests: [{name: a, alerts: [{labels: {a: "{1..20000}"}}]}]',
      "more than 10000 alerts",
    ],
    ["a time that is none", "tests: [{name: a, now: yesterday}]", '"yesterday" is no time'],
    [
      "a source that is not there",
      "tests: [{name: a, alerts: [{labels: {a: b}, source: grafna}]}]",
      'there is no source "grafna"; did you mean "grafana"?',
    ],
  ])("because of %s", async (_, tests, message) => {
    const { exitCode, stdout, stderr } = await runTests({
      "rules.yml": RULES,
      "a.test.yml": `${HEAD}\n${tests}`,
    });
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/^FOLDER\/a\.test\.yml:4:\d+: /);
    expect(stderr).toBe("no test was run, since not all files are good\n");
    expect(exitCode).toBe(2);
  });

  test("because of its rules", async () => {
    const files = {
      "rules.yml": RULES.replace("runbook: fix", "runbook: fx"),
      "a.test.yml": `${HEAD}tests: [{name: a}]`,
    };
    const { exitCode, stdout } = await runTests(files);
    expect(stdout).toMatch(/^FOLDER\/rules\.yml:8:\d+: unknown-runbook: /);
    expect(exitCode).toBe(2);
  });

  test("because it cannot be read, or is no YAML", async () => {
    expect((await runTests({}, { files: ["/nowhere/a.test.yml"] })).stdout).toContain(
      "the tests cannot be read",
    );
    expect((await runTests({ "a.test.yml": "tests: [" })).exitCode).toBe(2);
  });
});
