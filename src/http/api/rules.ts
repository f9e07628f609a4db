import type { Request, Response } from "express";
import type { Catalog } from "../../catalog/catalog.ts";
import type { CatalogHolder } from "../../catalog/reload.ts";
import { judgeBreaker } from "../../guards/breaker.ts";
import type { Rule } from "../../rules/rule.ts";
import type { BreakerState } from "../../runs/guard-records.ts";
import { summarise } from "../../runs/statistics.ts";
import { readBreakers } from "../../store/breakers.ts";
import { readStatistics } from "../../store/stats.ts";
import type { Store } from "../../store/store.ts";
import { notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { readPage } from "./paging.ts";
import { statisticsShape } from "./statistics-shape.ts";
import { may, Routes } from "../routes.ts";

export interface RuleRoutesDependencies {
  readonly store: Store;
  readonly catalog: Pick<CatalogHolder, "current">;
}

/** The windows that each rule is shown with, in days. */
const WINDOWS = [1, 7, 30] as const;

/** Rules as they are tried, with what they did. */
export function ruleRoutes({ store, catalog }: RuleRoutesDependencies): Routes {
  const routes = new Routes();
  routes.get("/rules", may("see"), async (request: Request, response: Response) => {
    const { rules } = catalog.current();
    // The cursor is the position of the last rule that was shown.
    const page = readPage(request, (text) => /^[1-9]\d{0,6}$/.test(text));
    const from = Number(page.after ?? 0);
    const shown = rules.slice(from, from + page.limit);
    const shapes = await ruleShapes(store, rules, shown);
    const end = from + shown.length;
    response.json({ items: shapes, next: end < rules.length ? String(end) : null });
  });
  routes.get("/rules/:name", may("see"), async (request: Request, response: Response) => {
    const name = String(request.params["name"]);
    const snapshot = catalog.current();
    const rule = snapshot.rulesByName.get(name);
    if (rule === undefined) throw notFound(`there is no rule ${name.slice(0, 64)}`);
    const [shape] = await ruleShapes(store, snapshot.rules, [rule]);
    response.json({ ...shape, source: sourceOf(snapshot, rule) });
  });
  return routes;
}

function sourceOf(catalog: Catalog, rule: Rule): string | null {
  return catalog.ruleSources.get(rule.name)?.text ?? null;
}

async function ruleShapes(
  store: Store,
  all: readonly Rule[],
  shown: readonly Rule[],
): Promise<Record<string, unknown>[]> {
  const nowMs = await store.nowMs(store.reader);
  const names = shown.map((rule) => rule.name);
  const { windows, isComplete } = await readStatistics(store, { days: WINDOWS, rules: names, nowMs });
  const counted = windows.map(({ days, counts }) => ({
    days,
    byRule: Map.groupBy(counts, (count) => count.rule),
  }));
  const breakers = new Map((await readBreakers(store.reader)).map((state) => [state.rule, state]));
  const positions = new Map(all.map((rule, index) => [rule.name, index + 1]));
  return shown.map((rule) => ({
    name: rule.name,
    mode: rule.mode,
    position: positions.get(rule.name) ?? null,
    file: rule.file,
    line: rule.line,
    runbook: rule.runbook,
    breaker: breakerShape(rule, breakers.get(rule.name) ?? null, nowMs),
    statistics: {
      complete: isComplete,
      ...Object.fromEntries(
        counted.map(({ days, byRule }) => [
          `days_${days}`,
          statisticsShape(summarise(byRule.get(rule.name) ?? [])),
        ]),
      ),
    },
  }));
}

/** A breaker that has closed by itself is closed; a rule without one has none. */
function breakerShape(rule: Rule, state: BreakerState | null, nowMs: number): Record<string, unknown> | null {
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
