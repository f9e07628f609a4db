import { z } from "zod";
import type { Catalog } from "../../catalog/catalog.ts";
import type { CatalogHolder } from "../../catalog/reload.ts";
import { type Count, overall, summarise } from "../../runs/statistics.ts";
import { readStatistics } from "../../store/stats.ts";
import type { Store } from "../../store/store.ts";
import { rfc3339 } from "../times.ts";
import { seesRunbook } from "../visibility.ts";
import { ApiRoutes, may } from "../routes.ts";
import { countSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { statisticsSchema, statisticsShape } from "./shapes/statistics.ts";

/** Names in one list; `GET /rules` has the statistics of every rule, page by page. */
const NAMES_MAX = 200;

const namedSchema = z.object({
  items: z.array(statisticsSchema.extend({ name: z.string() }).meta({ id: "NamedStatistics" })),
  more: countSchema,
});

const statsSchema = z
  .object({
    days: z.int(),
    from: timeSchema.nullable(),
    to: timeSchema,
    complete: z.boolean(),
    totals: statisticsSchema,
    rules: namedSchema,
    runbooks: namedSchema,
  })
  .meta({ id: "AllStatistics" });

const facts = {
  id: "getStatistics",
  summary: "What rules and runbooks did over the last days",
  query: z.strictObject({
    days: z
      .enum(["1", "7", "30"], { error: "is one of 1, 7, 30" })
      .default("7")
      .transform(Number)
      .meta({ means: { type: "integer", enum: [1, 7, 30], default: 7 } }),
  }),
  answers: { 200: statsSchema },
};

/** What rules and runbooks did over the last days. */
export function statsRoutes(dependencies: {
  readonly store: Store;
  readonly catalog: Pick<CatalogHolder, "current">;
}): ApiRoutes {
  const { store, catalog } = dependencies;
  const routes = new ApiRoutes("Service");
  routes.get("/stats", may("see"), facts, async (request, response, { query: { days } }) => {
    const nowMs = await store.nowMs(store.reader);
    const { windows, isComplete } = await readStatistics(store, { days: [days], rules: null, nowMs });
    const counts = windows[0]?.counts ?? [];
    const current = catalog.current();
    const stats: Shape<typeof statsSchema> = {
      days,
      from: rfc3339(windows[0]?.fromMs ?? null),
      to: rfc3339(nowMs),
      complete: isComplete,
      totals: statisticsShape(summarise(overall(counts))),
      rules: rulesOf(current, counts),
      runbooks: runbooksOf(current, counts, (name) => seesRunbook(request, current, name)),
    };
    response.json(stats);
  });
  return routes;
}

/** The rules in use in their order, then those that are gone. */
function rulesOf(catalog: Catalog, counts: readonly Count[]): Shape<typeof namedSchema> {
  const byRule = Map.groupBy(counts, (count) => count.rule);
  const gone = namesWithout(byRule, catalog.rulesByName);
  const names = [...catalog.rules.map((rule) => rule.name), ...gone];
  return listOf(names, (name) => byRule.get(name) ?? []);
}

/** The runbooks in use by name, then those that are gone: their runs, and what the rules that name them now have decided. */
function runbooksOf(
  catalog: Catalog,
  counts: readonly Count[],
  isSeen: (runbook: string) => boolean,
): Shape<typeof namedSchema> {
  const ofRuns = Map.groupBy(counts, (count) => count.runbook);
  const ofRules = Map.groupBy(ofRuns.get(null) ?? [], (count) => count.rule);
  const rules = Map.groupBy(catalog.rules, (rule) => rule.runbook);
  const gone = namesWithout(ofRuns, catalog.runbooks);
  const names = [...[...catalog.runbooks.keys()].sort(), ...gone].filter(isSeen);
  return listOf(names, (name) => [
    ...(ofRuns.get(name) ?? []),
    ...(rules.get(name) ?? []).flatMap((rule) => ofRules.get(rule.name) ?? []),
  ]);
}

/** In alphabetical order. */
function namesWithout(
  counted: ReadonlyMap<string | null, unknown>,
  inUse: ReadonlyMap<string, unknown>,
): string[] {
  const names: string[] = [...counted.keys()].flatMap((name) => name ?? []);
  return names.filter((name) => !inUse.has(name)).sort();
}

function listOf(
  names: readonly string[],
  countsOf: (name: string) => readonly Count[],
): Shape<typeof namedSchema> {
  const shown = names.slice(0, NAMES_MAX);
  return {
    items: shown.map((name) => ({ name, ...statisticsShape(summarise(countsOf(name))) })),
    more: Math.max(0, names.length - NAMES_MAX),
  };
}
