import type { Statistics } from "../../runs/statistics.ts";

/** Statistics of a rule, a runbook or the service, over one window. */
export function statisticsShape(statistics: Statistics): Record<string, unknown> {
  const { episodes, decisions, runs, outcomes, successRate, selfResolved, medianFixMs } = statistics;
  return {
    episodes,
    decisions: decisions.map(({ kind, reason, count }) => ({ kind, reason, count })),
    runs: Object.fromEntries(runs),
    outcomes: Object.fromEntries(outcomes),
    success_rate: successRate,
    self_resolved: selfResolved,
    median_seconds_to_fix: medianFixMs === null ? null : medianFixMs / 1_000,
  };
}
