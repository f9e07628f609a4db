import type { Alert } from "../../src/alerts/alert.ts";
import { loadRules } from "../../src/rules/load.ts";
import type { Rule } from "../../src/rules/rule.ts";
import type { AlertFacts } from "../../src/rules/scope.ts";
import { formatProblem, type FileProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";

/** Facts of one alert with these labels. */
export function factsOf(
  labels: Readonly<Record<string, string>>,
  alert: Partial<Alert> = {},
  facts: Partial<AlertFacts> = {},
): AlertFacts {
  return {
    alert: {
      status: "firing",
      isRecovery: false,
      nature: "plain",
      labels: new Map(Object.entries(labels)),
      annotations: new Map(),
      values: null,
      fingerprint: "00000000000000aa",
      orgId: null,
      startsAtMs: Date.parse("2026-11-23T03:00:00Z"),
      startsAt: "2026-11-23T03:00:00.123456789Z",
      endsAtMs: null,
      generatorUrl: null,
      ...alert,
    },
    source: "alertmanager",
    receiver: null,
    isTruncated: false,
    episode: { openedAtMs: Date.parse("2026-11-23T03:00:01Z"), repeats: 0 },
    nowMs: Date.parse("2026-11-23T03:05:00Z"),
    ...facts,
  };
}

/** The rules of a file's text, and its problems. */
export function load(text: string): { rules: Rule[]; problems: FileProblem[] } {
  const problems: FileProblem[] = [];
  const file = YamlFile.parse("rules/test.yml", text, problems);
  return { rules: file === undefined ? [] : loadRules(file, problems), problems };
}

/** The rules of a text that has to be right. */
export function loadGood(text: string): Rule[] {
  const { rules, problems } = load(text);
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
  return rules;
}
