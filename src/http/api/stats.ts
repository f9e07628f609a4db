import type { Request, Response } from "express";
import type { Catalog } from "../../catalog/catalog.ts";
import type { CatalogHolder } from "../../catalog/reload.ts";
import { type Count, overall, summarise } from "../../runs/statistics.ts";
import { readStatistics } from "../../store/stats.ts";
import type { Store } from "../../store/store.ts";
import { HttpProblem } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { statisticsShape } from "./statistics-shape.ts";
import { may, Routes } from "../routes.ts";

const DAYS = [1, 7, 30] as const;
const DAYS_DEFAULT = 7;
/** Names in one list; `GET /rules` has the statistics of every rule, page by page. */
const NAMES_MAX = 200;

/** What rules and runbooks did over the last days. */
export function statsRoutes(dependencies: {
  readonly store: Store;
  readonly catalog: Pick<CatalogHolder, "current">;
}): Routes {
  const { store, catalog } = dependencies;
  const routes = new Routes();
  routes.get("/stats", may("see"), async (request: Request, response: Response) => {
    const days = readDays(request);
    const nowMs = await store.nowMs(store.reader);
    const { windows, isComplete } = await readStatistics(store, { days: [days], rules: null, nowMs });
    const counts = windows[0]?.counts ?? [];
    response.json({
      days,
      from: rfc3339(windows[0]?.fromMs ?? null),
      to: rfc3339(nowMs),
      complete: isComplete,
      totals: statisticsShape(summarise(overall(counts))),
      rules: rulesOf(catalog.current(), counts),
      runbooks: runbooksOf(catalog.current(), counts),
    });
  });
  return routes;
}

function readDays(request: Request): number {
  const { days: text } = request.query;
  if (text === undefined) return DAYS_DEFAULT;
  const days = DAYS.find((known) => String(known) === text);
  if (days === undefined) throw new HttpProblem(400, "Bad request", `days is one of ${DAYS.join(", ")}`);
  return days;
}

/** The rules in use in their order, then those that are gone. */
function rulesOf(catalog: Catalog, counts: readonly Count[]): Record<string, unknown> {
  const byRule = Map.groupBy(counts, (count) => count.rule);
  const gone = namesWithout(byRule, catalog.rulesByName);
  const names = [...catalog.rules.map((rule) => rule.name), ...gone];
  return listOf(names, (name) => byRule.get(name) ?? []);
}

/** The runbooks in use by name, then those that are gone: their runs, and what the rules that name them now have decided. */
function runbooksOf(catalog: Catalog, counts: readonly Count[]): Record<string, unknown> {
  const ofRuns = Map.groupBy(counts, (count) => count.runbook);
  const ofRules = Map.groupBy(ofRuns.get(null) ?? [], (count) => count.rule);
  const rules = Map.groupBy(catalog.rules, (rule) => rule.runbook);
  const gone = namesWithout(ofRuns, catalog.runbooks);
  const names = [...[...catalog.runbooks.keys()].sort(), ...gone];
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
): Record<string, unknown> {
  const shown = names.slice(0, NAMES_MAX);
  return {
    items: shown.map((name) => ({ name, ...statisticsShape(summarise(countsOf(name))) })),
    more: Math.max(0, names.length - NAMES_MAX),
  };
}
