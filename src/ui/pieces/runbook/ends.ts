import type { Runbook } from "../../api/types.ts";

/** `12 of 13 succeeded`, over the last 30 days. */
export function endsText({ last_30_days: { runs, complete } }: Pick<Runbook, "last_30_days">): string {
  const all = Object.values(runs).reduce((sum, count) => sum + count, 0);
  const more = complete ? "" : ", still counting";
  return all === 0 ? `no run${more}` : `${runs.succeeded} of ${all} succeeded${more}`;
}

/** `fixed 80 %`, of the runs that changed something for an alert; empty where there was none. */
export function fixedText({ last_30_days: { success_rate: rate } }: Pick<Runbook, "last_30_days">): string {
  return rate === null ? "" : `fixed ${Math.round(rate * 100)} % of its alerts`;
}
