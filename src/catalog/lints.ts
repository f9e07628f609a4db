import { formatMatcher } from "../expressions/matchers.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Rule } from "../rules/rule.ts";
import { sourcesWithoutApi } from "./check-telling.ts";
import { lintRunbook } from "./lint-runbooks.ts";
import { warn } from "./lint-warning.ts";
import type { Loaded, LoadedRule } from "./loaded.ts";

/** Things that work, but that an operator would rather know. All of them are warnings; `lint-codes.ts` lists them. */
export function lintCatalog(loaded: Loaded, problems: FileProblem[]): void {
  for (const one of loaded.rules) lintRule(loaded, one, problems);
  lintOrder(loaded.rules, problems);
  for (const { runbook, file } of loaded.runbooks.values()) lintRunbook(runbook, { file, problems });
}

function lintRule(loaded: Loaded, { rule, file, path }: LoadedRule, problems: FileProblem[]): void {
  const linted = { file, problems };
  if (rule.mode === "auto" && !hasGuard(rule.guards)) {
    const message = "nothing keeps this rule from starting run after run; add guards: {cooldown: 30m}";
    warn(linted, [...path, "mode"], "auto-without-guard", message);
  }
  for (const matcher of rule.matchers) {
    if (!matcher.operator.endsWith("~") || !/\n|\\n/.test(matcher.value)) continue;
    const message = `the regular expression of ${matcher.name} has a line break, which labels rarely have`;
    warn(linted, [...path, "matchers"], "line-break-in-matcher", message);
  }
  if (rule.batch.waitMs > 0 && rule.groupBy === null) {
    const message = "without group_by every alert is a group of its own, so this only delays the run";
    warn(linted, [...path, "batch"], "batch-without-group", message, true);
  }
  if (rule.ladder.length > 0 && rule.ladder.at(-1)?.kind !== "tell") {
    const message =
      "when the last rung does not help, nobody is asked to look; end with - notify: {to: ..., text: ...}";
    warn(linted, [...path, "ladder"], "ladder-tells-nobody", message, true);
  }
  const mute = sourcesWithoutApi({ rule, loaded });
  if (rule.silenceForMs !== null && rule.verify.check !== null && mute.length > 0) {
    const message = `no silence can be made at ${mute.join(", ")}, which ${mute.length === 1 ? "has" : "have"} no api in the settings`;
    warn(linted, [...path, "silence"], "silence-without-api", message, true);
  }
}

function hasGuard(guards: Rule["guards"]): boolean {
  const { cooldownMs, breaker, rateLimit, concurrency, budget, locks, active, mute } = guards;
  const names = [...locks, ...active, ...mute];
  return (
    [cooldownMs, breaker, rateLimit, concurrency, budget].some((guard) => guard !== null) || names.length > 0
  );
}

/** A rule all of whose alerts are taken by an earlier one. */
function lintOrder(rules: Loaded["rules"], problems: FileProblem[]): void {
  /** Earlier rules that end matching, by their first matcher; under "" those that take every alert. */
  const winners = new Map<string, Rule[]>();
  for (const { rule, file, path } of rules) {
    const texts = new Set(rule.matchers.map(formatMatcher));
    const earlier = ["", ...texts]
      .flatMap((text) => winners.get(text) ?? [])
      .find((winner) => takesAll(winner, rule, texts));
    if (earlier !== undefined) {
      const message = `no alert reaches this rule: "${earlier.name}" (${earlier.file}:${earlier.line}) takes all of them`;
      warn({ file, problems }, [...path, "name"], "unreachable-rule", message);
    }
    const endsMatching = rule.mode !== "observe" && !rule.continue;
    if (!endsMatching || rule.if !== null || rule.whenCount !== null) continue;
    const key = rule.matchers.map(formatMatcher)[0] ?? "";
    winners.set(key, [...(winners.get(key) ?? []), rule]);
  }
}

function takesAll(winner: Rule, rule: Rule, texts: ReadonlySet<string>): boolean {
  if (winner.source !== null && winner.source !== rule.source) return false;
  if (rule.meta && !winner.meta) return false;
  return winner.matchers.every((matcher) => texts.has(formatMatcher(matcher)));
}
