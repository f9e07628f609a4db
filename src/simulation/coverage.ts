import type { Catalog } from "../catalog/catalog.ts";
import type { Expression } from "../expressions/expression.ts";
import type { Decision } from "../runs/records.ts";
import { buildMatchIndex } from "../rules/match-index.ts";
import type { Rule } from "../rules/rule.ts";
import type { Guards } from "../runbooks/guards.ts";

/** How far tests have tried a rule. */
export interface RuleCoverage {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly isMatched: boolean;
  /** A run was started, queued, asked for, or (for a rule that observes) would have been. */
  readonly isStarted: boolean;
  /** What the rule and its runbook can also come to, and no test saw: `if false`, or the reason of a guard. */
  readonly unseen: readonly string[];
}

/** Collects what rules came to. */
export interface Coverage {
  /** The catalog with rules whose `if` tells what it came to, besides being evaluated. */
  watch(catalog: Catalog): Catalog;
  note(decisions: readonly Decision[]): void;
  /** Counts rules that no test may have loaded as well. */
  add(catalog: Catalog): void;
  report(): readonly RuleCoverage[];
}

interface Known {
  readonly rule: Rule;
  readonly branches: readonly string[];
}

const IF_FALSE = "if false";
const STARTED: ReadonlySet<string> = new Set(["started", "queued", "waiting_person", "joined", "observed"]);

export function createCoverage(): Coverage {
  const known = new Map<string, Known>();
  const seen = new Map<string, Set<string>>();
  const see = (rule: string, branch: string) => {
    const branches = seen.get(rule) ?? new Set();
    seen.set(rule, branches.add(branch));
  };

  function add(catalog: Catalog): void {
    for (const rule of catalog.rules) {
      // Two files of tests may name one file of rules by different paths: names are unique in a catalog.
      if (!known.has(rule.name)) known.set(rule.name, { rule, branches: branchesOf(rule, catalog) });
    }
  }

  return {
    add,
    watch(catalog) {
      add(catalog);
      const rules = catalog.rules.map((rule) =>
        rule.if === null ? rule : { ...rule, if: watched(rule.if, () => see(rule.name, IF_FALSE)) },
      );
      const rulesByName = new Map(rules.map((rule) => [rule.name, rule]));
      return { ...catalog, rules, rulesByName, index: buildMatchIndex(rules) };
    },
    note(decisions) {
      for (const { rule, kind, reason, detail } of decisions) {
        if (rule === null) continue;
        see(rule, "matched");
        if (STARTED.has(kind)) see(rule, "started");
        for (const each of [reason, ...reasonsIn(detail["against"])]) if (each !== null) see(rule, each);
      }
    },
    report: () =>
      [...known.values()].map(({ rule, branches }) => {
        const hit = seen.get(rule.name) ?? new Set();
        return {
          rule: rule.name,
          file: rule.file,
          line: rule.line,
          isMatched: hit.has("matched"),
          isStarted: hit.has("started"),
          unseen: branches.filter((branch) => !hit.has(branch)),
        };
      }),
  };
}

/** The share of rules that matched an alert of a test, 0 to 100; 100 without any rule. */
export function coveredPercent(report: readonly RuleCoverage[]): number {
  if (report.length === 0) return 100;
  return (100 * report.filter((rule) => rule.isMatched).length) / report.length;
}

function watched(expression: Expression, onFalse: () => void): Expression {
  return {
    ...expression,
    evaluate(variables) {
      const value = expression.evaluate(variables);
      if (value !== true) onFalse();
      return value;
    },
  };
}

/** The reasons that the rule's own words, and its runbook's, can lead to. */
function branchesOf(rule: Rule, catalog: Catalog): string[] {
  const runbook = catalog.runbooks.get(rule.runbook ?? "");
  const guards: Guards[] = [rule.guards, ...(runbook === undefined ? [] : [runbook.guards])];
  const has = (holds: (guard: Guards) => boolean, branch: string) => (guards.some(holds) ? [branch] : []);
  return [
    ...(rule.if === null ? [] : [IF_FALSE]),
    ...(rule.afterMs > 0 ? ["after"] : []),
    ...(rule.batch.waitMs > 0 ? ["batch"] : []),
    ...(rule.guards.cooldownMs === null ? [] : ["cooldown"]),
    ...(rule.guards.breaker === null ? [] : ["breaker"]),
    ...has((guard) => guard.rateLimit !== null, "rate_limit"),
    ...has((guard) => guard.locks.length > 0, "lock"),
    ...has((guard) => guard.concurrency !== null, "concurrency"),
    ...has((guard) => guard.budget !== null, "budget"),
    ...has((guard) => guard.active.length > 0, "inactive"),
    ...has((guard) => guard.mute.length > 0, "muted"),
    ...(runbook !== undefined && runbook.asserts.length > 0 ? ["assert"] : []),
  ];
}

function reasonsIn(against: unknown): (string | null)[] {
  if (!Array.isArray(against)) return [];
  return against.map((each: unknown) =>
    typeof each === "object" && each !== null && "reason" in each ? String(each.reason) : null,
  );
}
