import type { Alert } from "../src/alerts/alert.ts";
import { loadRules } from "../src/rules/load.ts";
import { buildMatchIndex, type MatchIndex } from "../src/rules/match-index.ts";
import { matchAlert, type MatchResult } from "../src/rules/match.ts";
import type { Rule } from "../src/rules/rule.ts";
import type { AlertFacts } from "../src/rules/scope.ts";
import { YamlFile } from "../src/platform/yaml.ts";
import type { FileProblem } from "../src/platform/problems.ts";
import { type BenchResult, medianNanoseconds, type Suite } from "./suite.ts";

const FEW = 10;
const MANY = 10_000;
const ROUNDS = 9;

/** P3 and P3b: matching one alert against many rules. */
export const matchSuite: Suite = {
  name: "match",
  run: (budgetMs) => Promise.resolve(measure(budgetMs)),
};

function measure(budgetMs: number): readonly BenchResult[] {
  const few = buildMatchIndex(createRules(FEW));
  const rules = createRules(MANY);
  const many = buildMatchIndex(rules);
  const linear = withoutIndex(rules);
  const factsFew = createFacts(FEW - 2);
  const factsMany = createFacts(MANY / 2);
  assertSame(matchAlert(many, factsMany), matchAlert(linear, factsMany));
  const subjects = [
    () => void matchAlert(few, factsFew),
    () => void matchAlert(many, factsMany),
    () => void matchAlert(linear, factsMany),
  ];
  const roundMs = Math.min(200, budgetMs / (ROUNDS * subjects.length * 2));
  const [fewTime = Number.NaN, manyTime = Number.NaN, linearTime = Number.NaN] = medianNanoseconds(
    subjects,
    ROUNDS,
    roundMs,
  );
  return [
    {
      id: "P3",
      what: `one alert, ${MANY} rules / ${FEW} rules`,
      unit: "ns",
      measured: manyTime,
      reference: fewTime,
      ratio: manyTime / fewTime,
      goal: "<= 2.0",
      isOk: manyTime / fewTime <= 2,
    },
    {
      id: "P3b",
      what: `one alert, index / linear scan of ${MANY} rules`,
      unit: "ns",
      measured: manyTime,
      reference: linearTime,
      ratio: linearTime / manyTime,
      goal: ">= 100",
      isOk: linearTime / manyTime >= 100,
    },
  ];
}

/** Rules as teams write them: one equality of their own, one that all share, a regex; every fourth has a condition. */
function createRules(count: number): Rule[] {
  const lines = ["rules:"];
  for (let index = 0; index < count; index += 1) {
    lines.push(
      `  - name: rule-${index}`,
      "    mode: auto",
      "    runbook: look",
      "    matchers:",
      `      - alertname = "Alert${index}"`,
      `      - severity = "critical"`,
      `      - service =~ "web|api|db"`,
      `      - instance =~ "[a-z]+-[0-9]+:[0-9]+"`,
    );
    if (index % 4 === 0) lines.push(`    if: alert.?labels.env.orValue("none") == "prod"`);
  }
  const problems: FileProblem[] = [];
  const file = YamlFile.parse("bench.yml", `${lines.join("\n")}\n`, problems);
  const rules = file === undefined ? [] : loadRules(file, problems);
  if (rules.length !== count)
    throw new Error(`the rules of the bench do not load: ${JSON.stringify(problems[0])}`);
  return rules;
}

function createFacts(index: number): AlertFacts {
  const labels = new Map([
    ["alertname", `Alert${index}`],
    ["severity", "critical"],
    ["service", "api"],
    ["instance", "web-12:9100"],
    ["env", "prod"],
    ["job", "node"],
    ["cluster", "eu-west-1"],
    ["team", "web"],
  ]);
  const alert: Alert = {
    status: "firing",
    isRecovery: false,
    nature: "plain",
    labels,
    annotations: new Map([["summary", "p99 is over its limit"]]),
    values: null,
    fingerprint: "0123456789abcdef",
    orgId: null,
    startsAtMs: 0,
    startsAt: "2026-11-23T03:00:00Z",
    endsAtMs: null,
    generatorUrl: null,
  };
  return {
    alert,
    source: "alertmanager",
    receiver: "nightshift",
    isTruncated: false,
    episode: { openedAtMs: 0, repeats: 0 },
    nowMs: 0,
  };
}

/** What an implementation without an index does: every rule is a candidate for every alert. */
function withoutIndex(rules: readonly Rule[]): MatchIndex {
  const all = rules.map((_, position) => position);
  return { rules, candidates: () => all };
}

function assertSame(left: readonly MatchResult[], right: readonly MatchResult[]): void {
  const names = (results: readonly MatchResult[]) => results.map((result) => result.rule.name).join();
  if (left.length !== 1 || names(left) !== names(right))
    throw new Error(`the index finds [${names(left)}], a linear scan [${names(right)}]`);
}
