import { compileExpression, type Expression, ExpressionError, type Scope } from "../expressions/cel.ts";
import { expressionProblem } from "../expressions/expression-problem.ts";
import { type Matcher, MatcherError, parseMatchers } from "../expressions/matchers.ts";
import { compileTemplate, hasTemplate, type Template } from "../expressions/templates.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { NO_GUARDS } from "../runbooks/guards.ts";
import { type Guarantees, mayBeMissing } from "./presence.ts";
import type { Rule, Verification } from "./rule.ts";
import { isPlannedKey, type RuleConfig, rulesFileSchema } from "./schema.ts";
import { ALERT_SCOPE, CHECK_SCOPE } from "./scope.ts";

/** Where the rule being read stands, and where its problems go. */
interface Place {
  readonly file: YamlFile;
  readonly path: Path;
  readonly problems: FileProblem[];
}

interface Finding {
  readonly code: string;
  readonly message: string;
  /** The caret marks the key rather than its value. */
  readonly onKey?: boolean;
}

/** The rules of one file, in its order. A rule with a problem is left out, and every problem is pushed. */
export function loadRules(file: YamlFile, problems: FileProblem[]): Rule[] {
  const config = file.validate(rulesFileSchema, problems, isPlannedKey);
  if (config === undefined) return [];
  return config.rules.flatMap((rule, index) => {
    const place: Place = { file, path: ["rules", index], problems: [] };
    const loaded = loadRule(rule, place);
    problems.push(...place.problems);
    return place.problems.some((problem) => problem.severity === "error") ? [] : [loaded];
  });
}

/** A problem for each rule whose name an earlier one has, over all files in the order in which rules are tried. */
export function findRepeatedNames(rules: readonly Rule[]): FileProblem[] {
  const first = new Map<string, Rule>();
  return rules.flatMap((rule) => {
    const earlier = first.get(rule.name);
    if (earlier === undefined) {
      first.set(rule.name, rule);
      return [];
    }
    const message = `the rule "${rule.name}" is already in ${earlier.file}:${earlier.line}`;
    return [
      {
        file: rule.file,
        line: rule.line,
        column: 1,
        length: 1,
        severity: "error" as const,
        code: "repeated-name",
        message,
        sourceLine: "",
      },
    ];
  });
}

function loadRule(config: RuleConfig, place: Place): Rule {
  const matchers = loadMatchers(config.matchers, place);
  const condition = config.if === undefined ? null : compile(place, "if", config.if, ALERT_SCOPE);
  const guarantees: Guarantees = { matchers, groupBy: config.group_by ?? null, present: [] };
  checkPresence(place, ["if"], condition, guarantees);
  checkConsistency(config, place);
  return {
    name: config.name,
    mode: config.mode,
    source: config.source ?? null,
    matchers,
    if: condition,
    groupBy: config.group_by ?? null,
    runbook: config.runbook ?? null,
    with: loadWith(config, place, { ...guarantees, present: condition?.presentWhenTrue ?? [] }),
    afterMs: 0,
    batch: { waitMs: 0, max: 50 },
    whenCount: null,
    guards: { ...NO_GUARDS, cooldownMs: config.guards.cooldown ?? null, breaker: null },
    verify: loadVerification(config.verify, place),
    onResolve: { kind: "cancel_pending" },
    ladder: [],
    ladderMemoryMs: 6 * 3_600_000,
    silenceForMs: null,
    continue: config.continue,
    meta: config.meta,
    notify: null,
    file: place.file.file,
    line: place.file.problem([...place.path, "name"], "", "").line,
  };
}

/** What the schema cannot say. */
function checkConsistency(config: RuleConfig, place: Place): void {
  const starts = config.mode !== "observe";
  if (config.mode === "approve")
    report(place, ["mode"], {
      code: "not-available",
      message: 'this version of Nightshift does not have "mode: approve" yet; use observe or auto',
    });
  if (starts && config.runbook === undefined)
    report(place, ["mode"], {
      code: "missing-key",
      message: `"runbook" is required, since mode ${config.mode} starts one`,
    });
  if (starts && config.matchers.length === 0)
    report(place, ["mode"], {
      code: "missing-key",
      message: '"matchers" is required: without any, every alert would match',
    });
  if (config.runbook === undefined && Object.keys(config.with).length > 0)
    report(place, ["with"], {
      code: "missing-key",
      message: '"with" needs a "runbook" to give its inputs to',
      onKey: true,
    });
  const names = config.group_by ?? [];
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      report(place, ["group_by", index], {
        code: "invalid-value",
        message: `the label "${name}" is in group_by twice`,
      });
}

function loadMatchers(texts: readonly string[], place: Place): Matcher[] {
  return texts.flatMap((text, index) => {
    const path = ["matchers", index];
    try {
      const matchers = parseMatchers(text);
      if (matchers.length === 0)
        report(place, path, { code: "matcher-syntax", message: "the matcher is empty" });
      if (matchers.some((matcher) => matcher.name === ""))
        report(place, path, { code: "matcher-syntax", message: "a label name cannot be empty" });
      return matchers;
    } catch (error) {
      if (!(error instanceof MatcherError)) throw error;
      place.problems.push(
        place.file.problem([...place.path, ...path], "matcher-syntax", error.message, {
          offset: error.offset,
          length: 1,
        }),
      );
      return [];
    }
  });
}

function loadWith(config: RuleConfig, place: Place, guarantees: Guarantees): Rule["with"] {
  const values = new Map<string, Template | string | number | boolean>();
  for (const [input, value] of Object.entries(config.with)) {
    if (typeof value !== "string" || !hasTemplate(value)) {
      values.set(input, value);
      continue;
    }
    const path = ["with", input];
    const template = attempt(place, path, () => compileTemplate(value, ALERT_SCOPE));
    if (template === null) continue;
    checkPresence(place, path, template, guarantees);
    values.set(input, template);
  }
  return values;
}

function loadVerification(config: RuleConfig["verify"], place: Place): Verification {
  const times = { resolvedWithinMs: config.resolved_within, stableForMs: config.stable_for };
  if (config.check === undefined) {
    if (config.worse !== undefined)
      report(place, ["verify", "worse"], {
        code: "missing-key",
        message: '"worse" needs a "check" whose value it can judge',
        onKey: true,
      });
    return { ...times, check: null };
  }
  const { query } = config.check.prometheus;
  if (hasTemplate(query))
    report(place, ["verify", "check", "prometheus", "query"], {
      code: "invalid-value",
      message: "a query takes no ${{ }}: a value from outside could change its meaning",
    });
  const expect = compile(place, ["verify", "check", "expect"], config.check.expect, CHECK_SCOPE);
  const worse =
    config.worse === undefined ? null : compile(place, ["verify", "worse"], config.worse, CHECK_SCOPE);
  return { ...times, check: expect === null ? null : { query, expect, worse } };
}

function compile(place: Place, key: string | Path, source: string, scope: Scope): Expression | null {
  const path = typeof key === "string" ? [key] : key;
  return attempt(place, path, () => compileExpression(source, scope, "bool"));
}

function attempt<Value>(place: Place, path: Path, action: () => Value): Value | null {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    place.problems.push(expressionProblem(place.file, [...place.path, ...path], error));
    return null;
  }
}

function checkPresence(
  place: Place,
  path: Path,
  compiled: Expression | Template | null,
  guarantees: Guarantees,
): void {
  for (const reference of compiled?.references ?? []) {
    const missing = mayBeMissing(reference, guarantees);
    if (missing === undefined) continue;
    place.problems.push(
      place.file.problem([...place.path, ...path], missing.code, missing.message, {
        offset: reference.start,
        length: reference.end - reference.start,
      }),
    );
  }
}

function report(place: Place, path: Path, { code, message, onKey = false }: Finding): void {
  place.problems.push(place.file.problem([...place.path, ...path], code, message, { onKey }));
}
