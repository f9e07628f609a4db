import { z } from "zod";
import type { CatalogHolder } from "../../catalog/reload.ts";
import { formatMatcher } from "../../expressions/matchers.ts";
import { judgeBreaker } from "../../guards/breaker.ts";
import { MODES, type Rule } from "../../rules/rule.ts";
import type { BreakerState } from "../../runs/guard-records.ts";
import { summarise } from "../../runs/statistics.ts";
import { readBreakers } from "../../store/breakers.ts";
import { readStatistics } from "../../store/stats.ts";
import type { Store } from "../../store/store.ts";
import { notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { ApiRoutes, may } from "../routes.ts";
import { pageKeys } from "./query.ts";
import { countSchema, idSchema, listOf, type Shape, textsSchema, timeSchema } from "./shapes/common.ts";
import { conditionsInWords, followingInWords, guardsInWords, withAsWritten } from "./shapes/rule-words.ts";
import { statisticsSchema, statisticsShape } from "./shapes/statistics.ts";

export interface RuleRoutesDependencies {
  readonly store: Store;
  readonly catalog: Pick<CatalogHolder, "current">;
}

/** The windows that each rule is shown with, in days. */
const WINDOWS = [1, 7, 30] as const;

const ruleSchema = z
  .object({
    name: z.string(),
    mode: z.enum(MODES),
    position: countSchema.nullable(),
    file: z.string(),
    line: countSchema,
    runbook: z.string().nullable(),
    with: textsSchema.meta({ description: "Values of the runbook's inputs, as written." }),
    matchers: z.array(z.string()),
    if: z.string().nullable(),
    conditions: z.array(z.string()).meta({ description: "What else has to be so, in words." }),
    guards: z.array(z.string()).meta({ description: "In words." }),
    following: z.array(z.string()).meta({ description: "What is done after its run, in words." }),
    breaker: z
      .object({
        state: z.enum(["open", "closed"]),
        opened_at: timeSchema.nullable(),
        because: z.string().nullable(),
        run: idSchema.nullable(),
      })
      .nullable(),
    statistics: z.object({
      complete: z.boolean(),
      days_1: statisticsSchema,
      days_7: statisticsSchema,
      days_30: statisticsSchema,
    }),
  })
  .meta({ id: "Rule" });

const ruleDetailsSchema = ruleSchema
  .extend({
    source: z.string().nullable(),
    source_line: countSchema
      .nullable()
      .meta({ description: "The line of its file that `source` begins at." }),
  })
  .meta({ id: "RuleDetails" });

const listFacts = {
  id: "listRules",
  summary: "The rules in the order in which they are tried, with what they did",
  // The cursor is the position of the last rule that was shown.
  query: z.strictObject(pageKeys((text) => /^[1-9]\d{0,6}$/.test(text))),
  answers: { 200: listOf(ruleSchema) },
};
const getFacts = { id: "getRule", summary: "One rule, with its text", answers: { 200: ruleDetailsSchema } };

/** Rules as they are tried, with what they did. */
export function ruleRoutes({ store, catalog }: RuleRoutesDependencies): ApiRoutes {
  const routes = new ApiRoutes("Rules");
  routes.get("/rules", may("see"), listFacts, async (_request, response, { query: page }) => {
    const { rules } = catalog.current();
    const from = Number(page.after ?? 0);
    const shown = rules.slice(from, from + page.limit);
    const shapes = await ruleShapes(store, rules, shown);
    const end = from + shown.length;
    response.json({ items: shapes, next: end < rules.length ? String(end) : null });
  });
  routes.get("/rules/:name", may("see"), getFacts, async (request, response) => {
    const name = String(request.params["name"]);
    const snapshot = catalog.current();
    const rule = snapshot.rulesByName.get(name);
    if (rule === undefined) throw notFound(`there is no rule ${name.slice(0, 64)}`);
    const [shape] = await ruleShapes(store, snapshot.rules, [rule]);
    const source = snapshot.ruleSources.get(rule.name);
    response.json({ ...shape, source: source?.text ?? null, source_line: source?.line ?? null });
  });
  return routes;
}

async function ruleShapes(
  store: Store,
  all: readonly Rule[],
  shown: readonly Rule[],
): Promise<Shape<typeof ruleSchema>[]> {
  const nowMs = await store.nowMs(store.reader);
  const names = shown.map((rule) => rule.name);
  const { windows, isComplete } = await readStatistics(store, { days: WINDOWS, rules: names, nowMs });
  const counted = new Map(
    windows.map(({ days, counts }) => [days, Map.groupBy(counts, (count) => count.rule)]),
  );
  const statisticsOf = (rule: Rule, days: (typeof WINDOWS)[number]) =>
    statisticsShape(summarise(counted.get(days)?.get(rule.name) ?? []));
  const breakers = new Map((await readBreakers(store.reader)).map((state) => [state.rule, state]));
  const positions = new Map(all.map((rule, index) => [rule.name, index + 1]));
  return shown.map((rule) => ({
    name: rule.name,
    mode: rule.mode,
    position: positions.get(rule.name) ?? null,
    file: rule.file,
    line: rule.line,
    runbook: rule.runbook,
    with: withAsWritten(rule.with),
    matchers: rule.matchers.map(formatMatcher),
    if: rule.if?.source ?? null,
    conditions: conditionsInWords(rule),
    guards: guardsInWords(rule.guards),
    following: rule.runbook === null ? [] : followingInWords(rule),
    breaker: breakerShape(rule, breakers.get(rule.name) ?? null, nowMs),
    statistics: {
      complete: isComplete,
      days_1: statisticsOf(rule, 1),
      days_7: statisticsOf(rule, 7),
      days_30: statisticsOf(rule, 30),
    },
  }));
}

/** A breaker that has closed by itself is closed; a rule without one has none. */
function breakerShape(
  rule: Rule,
  state: BreakerState | null,
  nowMs: number,
): Shape<typeof ruleSchema>["breaker"] {
  const { breaker } = rule.guards;
  if (breaker === null) return null;
  const isOpen = judgeBreaker({ rule: rule.name, state, breaker, nowMs }).kind !== "passes";
  return {
    state: isOpen ? "open" : "closed",
    opened_at: isOpen ? rfc3339(state?.openedAtMs ?? null) : null,
    because: isOpen ? (state?.because ?? null) : null,
    run: isOpen ? (state?.runId ?? null) : null,
  };
}
