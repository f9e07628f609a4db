import type { Matcher } from "../expressions/matchers.ts";
import type { FileProblem } from "../platform/problems.ts";
import { recordOf, type YamlFile } from "../platform/yaml.ts";
import { toGuards } from "../runbooks/load-guards.ts";
import { type CompiledRule, type CompiledRung, compileRule } from "./compile.ts";
import { checkConsistency } from "./consistency.ts";
import type { Place } from "./place.ts";
import type { Breaker, OnResolve, Rule, RuleGuards, Rung, With } from "./rule.ts";
import { type RuleConfig, rulesFileSchema, ruleSchema } from "./schema.ts";

const LADDER_MEMORY_MS = 6 * 3_600_000;

/**
 * The rules of one file, in its order. A rule with a problem is left out, and every problem is pushed in the order of the
 * file: one that does not fit the schema hides neither what is wrong with others nor with the rest of itself.
 */
export function loadRules(file: YamlFile, problems: FileProblem[]): Rule[] {
  const shape: FileProblem[] = [];
  const config = file.validate(rulesFileSchema, shape);
  const entries: unknown = recordOf(file.value)["rules"];
  const found: FileProblem[] = [];
  const rules = (Array.isArray(entries) ? entries : []).flatMap((raw: unknown, index) => {
    const place: Place = { file, path: ["rules", index], problems: [] };
    const rule = loadRule(raw, config?.rules[index] ?? ruleSchema.safeParse(raw).data, place);
    found.push(...place.problems);
    return rule === undefined ? [] : [rule];
  });
  problems.push(...inFileOrder([...found, ...shape.filter((problem) => !isSaid(problem, found))]));
  return rules;
}

/** Whether a better message about the same place is there. */
function isSaid(problem: FileProblem, found: readonly FileProblem[]): boolean {
  return found.some(({ line, column }) => line === problem.line && column === problem.column);
}

function inFileOrder(problems: readonly FileProblem[]): FileProblem[] {
  return problems.toSorted((left, right) => left.line - right.line || left.column - right.column);
}

/** Undefined when anything is wrong. What does not depend on the rest is checked all the same. */
function loadRule(entry: unknown, config: RuleConfig | undefined, place: Place): Rule | undefined {
  const compiled = compileRule(recordOf(entry), place);
  if (config === undefined) return undefined;
  checkConsistency(config, recordOf(entry), place);
  if (place.problems.some((problem) => problem.severity === "error")) return undefined;
  return toRule(config, compiled, place);
}

function toRule(config: RuleConfig, compiled: CompiledRule, place: Place): Rule {
  const { verify, batch, silence, when_count: whenCount } = config;
  return {
    name: config.name,
    mode: config.mode,
    source: config.source ?? null,
    matchers: compiled.matchers,
    if: compiled.if,
    afterMs: config.after,
    groupBy: config.group_by ?? null,
    batch: { waitMs: batch.wait, max: batch.max },
    whenCount: whenCount === undefined ? null : { min: whenCount.min, withinMs: whenCount.within },
    runbook: config.runbook ?? null,
    with: compiled.with,
    guards: toRuleGuards(config, compiled.budgetHosts),
    verify: {
      resolvedWithinMs: verify.resolved_within,
      stableForMs: verify.stable_for,
      check: compiled.check,
    },
    onResolve: toOnResolve(config.on_resolve, compiled.withOnResolve),
    ladder: toLadder(config.ladder ?? [], compiled.rungs),
    ladderMemoryMs: config.ladder_memory ?? LADDER_MEMORY_MS,
    silenceForMs: silence?.for ?? null,
    continue: config.continue,
    meta: config.meta,
    notify: config.notify ?? null,
    file: place.file.file,
    line: place.file.problem([...place.path, "name"], "", "").line,
  };
}

function toRuleGuards(config: RuleConfig, budgetHosts: readonly Matcher[]): RuleGuards {
  const { guards } = config;
  const shared = toGuards(guards, budgetHosts);
  return {
    ...shared,
    active: [...(config.active ?? []), ...shared.active],
    mute: [...(config.mute ?? []), ...shared.mute],
    cooldownMs: guards.cooldown ?? null,
    breaker: guards.breaker === undefined ? null : toBreaker(guards.breaker),
  };
}

function toBreaker(breaker: NonNullable<RuleConfig["guards"]["breaker"]>): Breaker {
  return { failures: breaker.failures, withinMs: breaker.within, resetAfterMs: breaker.reset_after };
}

function toOnResolve(config: RuleConfig["on_resolve"], inputs: With): OnResolve {
  return typeof config === "string" ? { kind: config } : { kind: "run", runbook: config.run, with: inputs };
}

function toLadder(config: NonNullable<RuleConfig["ladder"]>, compiled: readonly CompiledRung[]): Rung[] {
  return compiled.flatMap((rung, index): Rung[] => {
    const { runbook, mode, notify } = config[index] ?? {};
    if (runbook !== undefined) return [{ kind: "run", runbook, mode: mode ?? null, with: rung.with }];
    return notify === undefined ? [] : [{ kind: "tell", to: notify.to, title: rung.title, text: rung.text }];
  });
}
