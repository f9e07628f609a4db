import type { Catalog } from "../catalog/catalog.ts";
import { LOOP_WINDOW_MS } from "../guards/loop.ts";
import type { Guards } from "../runbooks/guards.ts";

/** A guard that is judged at the very end of its window must still find what it counts. */
const MARGIN_MS = 3_600_000;

/**
 * How far back guards, ladders and breakers of this configuration look, in milliseconds: runs younger than that are never
 * forgotten, whatever the settings say.
 */
export function longestGuardWindowMs(catalog: Pick<Catalog, "rules" | "runbooks">): number {
  const shared = (guards: Guards) => [guards.rateLimit?.perMs ?? 0, guards.budget?.withinMs ?? 0];
  const ofRules = catalog.rules.flatMap((rule) => [
    ...shared(rule.guards),
    rule.guards.cooldownMs ?? 0,
    rule.guards.breaker?.withinMs ?? 0,
    rule.guards.breaker?.resetAfterMs ?? 0,
    rule.whenCount?.withinMs ?? 0,
    rule.ladderMemoryMs,
  ]);
  const ofRunbooks = [...catalog.runbooks.values()].flatMap(({ guards }) => [
    ...shared(guards),
    guards.perUser?.perMs ?? 0,
  ]);
  return Math.max(LOOP_WINDOW_MS, ...ofRules, ...ofRunbooks) + MARGIN_MS;
}
