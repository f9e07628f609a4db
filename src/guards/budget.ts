import { formatDurationMs } from "../platform/durations.ts";
import { allowedHosts, type Budget } from "../runbooks/guards.ts";
import type { Verdict } from "./verdict.ts";

export interface BudgetFacts {
  readonly budget: Pick<Budget, "selector" | "max" | "withinMs">;
  /** Names of the hosts that the budget's selector finds now. */
  readonly selectedHosts: readonly string[];
  /** Names of the hosts that anyone changed within the budget's time, those of live runs included. */
  readonly changedHosts: readonly string[];
  /** Names of the hosts that the run would change. */
  readonly wantedHosts: readonly string[];
}

/** Not more than so many of the selected hosts are changed, by anyone, within a stretch of time. A host counts once. */
export function judgeBudget({ budget, selectedHosts, changedHosts, wantedHosts }: BudgetFacts): Verdict {
  if (wantedHosts.length === 0) return { kind: "passes" };
  const allowed = allowedHosts(budget, selectedHosts.length);
  const written = `${budget.max.amount}${budget.max.unit === "percent" ? "%" : ""} of {${budget.selector}}`;
  if (allowed < 1 || selectedHosts.length === 0) {
    const text = `the budget of ${written}, which is ${hostCount(selectedHosts.length)} now, allows none to be changed; raise max or correct the selector`;
    return { kind: "refuses", reason: "budget", text };
  }
  const selected = new Set(selectedHosts);
  const changed = new Set(changedHosts.filter((host) => selected.has(host)));
  const wanted = new Set(wantedHosts.filter((host) => selected.has(host)));
  if (wanted.size === 0 || new Set([...changed, ...wanted]).size <= allowed) return { kind: "passes" };
  const text = `the budget of ${written} allows ${hostCount(allowed)} of ${selectedHosts.length} to be changed within ${formatDurationMs(budget.withinMs)}; ${shownHosts(changed)} changed already, and this run wants ${shownHosts(wanted)}`;
  return { kind: "refuses", reason: "budget", text };
}

const SHOWN_MAX = 10;

function shownHosts(hosts: ReadonlySet<string>): string {
  if (hosts.size === 0) return "none";
  const names = [...hosts].sort();
  const rest = names.length - SHOWN_MAX;
  return `${names.slice(0, SHOWN_MAX).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function hostCount(count: number): string {
  return count === 1 ? "1 host" : `${count} hosts`;
}
