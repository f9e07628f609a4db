import { hasTemplate } from "../expressions/templates.ts";
import { formatMatcher } from "../expressions/matchers.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import type { Rule } from "../rules/rule.ts";
import type { Runbook, Step } from "../runbooks/runbook.ts";
import { stepsWithPaths } from "./check-runbooks.ts";
import type { Loaded, LoadedRule } from "./loaded.ts";

/** Things that work, but that an operator would rather know. All of them are warnings. */
export function lintCatalog(loaded: Loaded, problems: FileProblem[]): void {
  for (const one of loaded.rules) lintRule(one, problems);
  lintOrder(loaded.rules, problems);
  for (const { runbook, file } of loaded.runbooks.values()) lintRunbook(runbook, file, problems);
}

function warn(
  problems: FileProblem[],
  file: YamlFile,
  path: Path,
  code: string,
  message: string,
  onKey = false,
): void {
  problems.push(file.problem(path, code, message, { onKey, severity: "warning" }));
}

function lintRule({ rule, file, path }: LoadedRule, problems: FileProblem[]): void {
  if (rule.mode === "auto" && !hasGuard(rule.guards)) {
    const message = "nothing keeps this rule from starting run after run; add guards: {cooldown: 30m}";
    warn(problems, file, [...path, "mode"], "auto-without-guard", message);
  }
  for (const matcher of rule.matchers) {
    if (!matcher.operator.endsWith("~") || !/\n|\\n/.test(matcher.value)) continue;
    const message = `the regular expression of ${matcher.name} has a line break, which labels rarely have`;
    warn(problems, file, [...path, "matchers"], "line-break-in-matcher", message);
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
      warn(problems, file, [...path, "name"], "unreachable-rule", message);
    }
    if (rule.mode === "observe" || rule.continue || rule.if !== null) continue;
    const key = rule.matchers.map(formatMatcher)[0] ?? "";
    winners.set(key, [...(winners.get(key) ?? []), rule]);
  }
}

function takesAll(winner: Rule, rule: Rule, texts: ReadonlySet<string>): boolean {
  if (winner.source !== null && winner.source !== rule.source) return false;
  if (rule.meta && !winner.meta) return false;
  return winner.matchers.every((matcher) => texts.has(formatMatcher(matcher)));
}

function lintRunbook(runbook: Runbook, file: YamlFile, problems: FileProblem[]): void {
  if (runbook.owner === null)
    warn(
      problems,
      file,
      ["name"],
      "no-owner",
      `runbook "${runbook.name}" has no owner; whom does one ask about it?`,
    );
  if (runbook.tags.includes("self-service") && (runbook.access?.run ?? []).length === 0)
    warn(
      problems,
      file,
      ["tags"],
      "self-service-without-access",
      "a self-service runbook says who may run it: access: {run: [...]}",
    );
  lintEvidence(runbook, file, problems);
  for (const { step, path } of stepsWithPaths(runbook)) {
    if (step.if !== null && step.if.references.length === 0 && step.if.evaluate({}) === false)
      warn(problems, file, [...path, "if"], "step-never-runs", "this condition is never true");
    lintArguments(step, file, path, problems);
  }
}

function lintArguments(step: Step, file: YamlFile, path: Path, problems: FileProblem[]): void {
  const commands: (readonly [Path, readonly [string, ...string[]]])[] =
    step.verb === "command"
      ? [[["command"], step.spec]]
      : step.verb === "collect"
        ? step.spec.commands.map((argv, index) => [["collect", "commands", index], argv])
        : [];
  for (const [at, argv] of commands) {
    const place = [...path, ...at];
    if (hasTemplate(argv[0]))
      warn(problems, file, place, "templated-program", "a value decides which program runs");
    if (isInterpreted(argv)) warn(problems, file, place, "interpreter-argument", interpreterMessage(argv[0]));
  }
}

/** What was the state before the change? Without evidence nobody can tell afterwards. */
function lintEvidence(runbook: Runbook, file: YamlFile, problems: FileProblem[]): void {
  const change = runbook.steps.findIndex((step) => step.effect !== "read");
  if (change === -1) return;
  const evidence = runbook.steps
    .slice(0, change)
    .some((step) => step.verb !== "wait" && step.verb !== "notify");
  if (evidence) return;
  const message =
    "this step changes something before any evidence was gathered; put a collect, prometheus or reading step before it";
  warn(problems, file, ["steps", change], "change-without-evidence", message);
}

/** Programs that read an argument as a program. */
const INTERPRETERS =
  /^(sh|bash|dash|zsh|ksh|busybox|python[\d.]*|perl|ruby|node|php|lua|awk|gawk|sed|eval|ssh|su|sudo|env|xargs|psql|mysql|sqlite3)$/;

function isInterpreted(argv: readonly [string, ...string[]]): boolean {
  const programs = argv.map((argument) => argument.slice(argument.lastIndexOf("/") + 1));
  const first = programs.findIndex(
    (program, index) =>
      (index === 0 && INTERPRETERS.test(program)) || /^-(exec|execdir|ok|okdir)$/.test(program),
  );
  return first !== -1 && argv.slice(first + 1).some(hasTemplate);
}

function interpreterMessage(program: string): string {
  return `${program} may read this argument as a program; use run: with env: instead`;
}
