import type { Expression } from "../expressions/cel.ts";
import { readMatchers } from "../expressions/matcher-problem.ts";
import type { Matcher } from "../expressions/matchers.ts";
import { hasTemplate, type Template } from "../expressions/templates.ts";
import { type Path, recordOf } from "../platform/yaml.ts";
import { checkGuardKeys, readBudgetHosts } from "../runbooks/load-guards.ts";
import { checkPresence, compileCondition, compileText, type Place, report, type TextScope } from "./place.ts";
import type { Guarantees } from "./presence.ts";
import type { Verification, With } from "./rule.ts";
import { ALERT_SCOPE, CHECK_SCOPE, TELL_SCOPE } from "./scope.ts";

/** The parts of a rung that have templates in them. */
export interface CompiledRung {
  readonly with: With;
  readonly title: Template | string | null;
  readonly text: Template | string;
}

/** What a rule says in expressions, matchers and templates. */
export interface CompiledRule {
  readonly matchers: readonly Matcher[];
  readonly if: Expression | null;
  readonly with: With;
  readonly check: Verification["check"];
  readonly withOnResolve: With;
  readonly rungs: readonly CompiledRung[];
  readonly budgetHosts: readonly Matcher[];
}

type Raw = Readonly<Record<string, unknown>>;

/** Compiles everything as far as it stands there as text, whether or not the rule fits its schema. Problems are pushed. */
export function compileRule(raw: Raw, place: Place): CompiledRule {
  const matchers = compileMatchers(raw["matchers"], place);
  const groupBy = textsOf(raw["group_by"]);
  const known = { matchers: matchers ?? null, groupBy };
  const condition = compileCondition(place, ["if"], raw["if"], ALERT_SCOPE);
  checkPresence(place, ["if"], condition, { ...known, present: [] });
  const guarantees: Guarantees = { ...known, present: condition?.presentWhenTrue ?? [] };
  const alert: TextScope = { scope: ALERT_SCOPE, guarantees };
  const guards = { ...place, path: [...place.path, "guards"], raw: raw["guards"] };
  checkGuardKeys(guards, "rule");
  return {
    matchers: matchers ?? [],
    if: condition,
    with: compileWith(place, ["with"], raw["with"], alert),
    check: compileCheck(recordOf(raw["verify"]), place),
    withOnResolve: compileWith(place, ["on_resolve", "with"], recordOf(raw["on_resolve"])["with"], alert),
    rungs: compileRungs(raw["ladder"], place, guarantees),
    budgetHosts: readBudgetHosts(guards),
  };
}

function textsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : null;
}

/** Undefined when one of them is none, so that nothing is known of the labels an alert has. */
function compileMatchers(value: unknown, place: Place): Matcher[] | undefined {
  if (!Array.isArray(value)) return value === undefined ? [] : undefined;
  const read = value.map((text: unknown, index) =>
    typeof text === "string"
      ? readMatchers(place.file, [...place.path, "matchers", index], text, place.problems)
      : undefined,
  );
  const matchers = read.filter((one) => one !== undefined);
  return matchers.length === read.length ? matchers.flat() : undefined;
}

function compileWith(place: Place, path: Path, value: unknown, alert: TextScope): With {
  const values = new Map<string, Template | string | number | boolean>();
  for (const [input, given] of Object.entries(recordOf(value))) {
    if (typeof given === "number" || typeof given === "boolean") values.set(input, given);
    if (typeof given !== "string") continue;
    const compiled = compileText(place, [...path, input], given, alert);
    if (compiled !== null) values.set(input, compiled);
  }
  return values;
}

function compileCheck(verify: Raw, place: Place): Verification["check"] {
  const check = recordOf(verify["check"]);
  const query = recordOf(check["prometheus"])["query"];
  if (typeof query === "string" && hasTemplate(query))
    report(place, ["verify", "check", "prometheus", "query"], {
      code: "invalid-value",
      message: "a query takes no ${{ }}: a value from outside could change its meaning",
    });
  const expect = compileCondition(place, ["verify", "check", "expect"], check["expect"], CHECK_SCOPE);
  const worse = compileCondition(place, ["verify", "worse"], verify["worse"], CHECK_SCOPE);
  return expect === null || typeof query !== "string" ? null : { query, expect, worse };
}

function compileRungs(value: unknown, place: Place, guarantees: Guarantees): CompiledRung[] {
  if (!Array.isArray(value)) return [];
  const telling: TextScope = { scope: TELL_SCOPE, guarantees };
  return value.map((item: unknown, index): CompiledRung => {
    const rung = recordOf(item);
    const { title, text } = recordOf(rung["notify"]);
    const compile = (key: string, source: unknown) =>
      typeof source === "string"
        ? compileText(place, ["ladder", index, "notify", key], source, telling)
        : null;
    return {
      with: compileWith(place, ["ladder", index, "with"], rung["with"], { scope: ALERT_SCOPE, guarantees }),
      title: compile("title", title),
      text: compile("text", text) ?? "",
    };
  });
}
