import { type Expression, ExpressionError } from "../expressions/expression.ts";
import { hasTemplate } from "../expressions/templates.ts";
import { type Path, recordOf } from "../platform/yaml.ts";
import type { Runbook, Step } from "../runbooks/runbook.ts";
import { isNesting } from "../runbooks/verbs.ts";
import { stepsWithPaths } from "./check-runbooks.ts";
import { type Linted, warn } from "./lint-warning.ts";
import { changesSystem } from "../runbooks/verbs.ts";

/** Things about one runbook that work, but that an operator would rather know. */
export function lintRunbook(runbook: Runbook, linted: Linted): void {
  if (runbook.owner === null) {
    const message = `runbook "${runbook.name}" has no owner; whom does one ask about it?`;
    warn(linted, ["name"], "no-owner", message);
  }
  if (runbook.tags.includes("self-service") && (runbook.access?.run ?? []).length === 0) {
    const message = "a self-service runbook says who may run it: access: {run: [...]}";
    warn(linted, ["tags"], "self-service-without-access", message);
  }
  lintEvidence(runbook, linted);
  for (const { step, path } of stepsWithPaths(runbook)) {
    if (step.if !== null && isNever(step.if))
      warn(linted, [...path, "if"], "step-never-runs", "this condition is never true");
    lintArguments(step, linted, path);
    lintPreview(step, linted, path);
    lintCaps(step, linted, path);
  }
}

/** False whatever happens, since it reads nothing. */
function isNever(condition: Expression): boolean {
  if (condition.references.length > 0) return false;
  try {
    return condition.evaluate({}) === false;
  } catch (error) {
    if (error instanceof ExpressionError) return true;
    throw error;
  }
}

function lintArguments(step: Step, linted: Linted, path: Path): void {
  const commands: (readonly [Path, readonly [string, ...string[]]])[] =
    step.verb === "command"
      ? [[["command"], step.spec]]
      : step.verb === "collect"
        ? step.spec.commands.map((argv, index) => [["collect", "commands", index], argv])
        : [];
  for (const [at, argv] of commands) {
    const place = [...path, ...at];
    if (hasTemplate(argv[0])) warn(linted, place, "templated-program", "a value decides which program runs");
    if (isInterpreted(argv)) warn(linted, place, "interpreter-argument", interpreterMessage(argv[0]));
  }
}

/** What is destroyed cannot be looked at afterwards. */
function lintPreview(step: Step, linted: Linted, path: Path): void {
  if (step.effect !== "destructive" || isNesting(step.verb) || step.preview !== null) return;
  const message =
    "nobody can see beforehand what this step would destroy; add preview: with a script that shows it";
  warn(linted, [...path, "effect"], "destructive-without-preview", message, true);
}

/** Limits that stand in the file; there is a default for each, but nobody chose it for this step. */
function lintCaps(step: Step, linted: Linted, path: Path): void {
  const raw = recordOf(
    path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), linted.file.value),
  );
  const verb = recordOf(raw[step.verb]);
  if (step.verb === "collect" && step.spec.paths.length > 0 && verb["max_size"] === undefined) {
    const message = "how much may one of these files be? add max_size, such as 50MiB, which is the default";
    warn(linted, [...path, "collect"], "collect-without-cap", message, true);
  }
  if (step.verb === "http" && raw["timeout"] === undefined && verb["timeout"] === undefined) {
    const message = "how long may the answer take? add timeout, such as 5s; the default is 30s for each try";
    warn(linted, [...path, "http"], "http-without-timeout", message, true);
  }
}

/** What was the state before the change? Without evidence nobody can tell afterwards. */
function lintEvidence(runbook: Runbook, linted: Linted): void {
  const change = runbook.steps.findIndex(changesSystem);
  if (change === -1) return;
  const evidence = runbook.steps
    .slice(0, change)
    .some(({ verb }) => !["wait", "notify", "silence", "annotate"].includes(verb));
  if (evidence) return;
  const message =
    "this step changes something before any evidence was gathered; put a collect, prometheus or reading step before it";
  warn(linted, ["steps", change], "change-without-evidence", message);
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
