import type { InventoryHost } from "../hosts/host.ts";
import type { Inventory } from "../hosts/inventory.ts";
import type { Rule } from "../rules/rule.ts";
import type { Guards } from "../runbooks/guards.ts";
import { changedHosts, type Plan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";

/** What is about to start, as its guards see it. */
export interface Candidate {
  /** Null for a run that is not made yet. */
  readonly runId: string | null;
  /** Null where a person or a schedule starts the runbook, and where there is no such rule any more. */
  readonly rule: Rule | null;
  /** The rule that asked for it, also one that is gone since. */
  readonly ruleName: string | null;
  readonly runbook: Runbook;
  /** The runbooks that its steps call: their guards hold as well. */
  readonly called: readonly Runbook[];
  readonly plan: Plan;
  readonly changed: readonly InventoryHost[];
  readonly groupKey: string;
  /** Rungs of a ladder above the first, and what follows an alert, skip the rule's cooldown and rate limit. */
  readonly rung: number;
  readonly principal: string;
  /** It changes nothing: pauses, asserts, slots and locks hold for it; nothing that limits or counts changes does. */
  readonly isDryRun: boolean;
  /** The run that changed one of its hosts shortly before its alert opened, by host. */
  readonly afterRuns: ReadonlyMap<string, string>;
}

/** The hosts of the inventory that the runbook's steps change. One that has left the inventory is not among them. */
export function changedInventoryHosts(inventory: Inventory, plan: Plan): readonly InventoryHost[] {
  return changedHosts(plan).flatMap((host) => inventory.named(host.name) ?? []);
}

/** The runbooks that steps of the plan call, as they are now; one that is gone is not among them. */
export function calledRunbooks(runbooks: ReadonlyMap<string, Runbook>, plan: Plan): readonly Runbook[] {
  const names = new Set(Object.values(plan.calls).map((call) => call.runbook.name));
  return [...names].flatMap((name) => runbooks.get(name) ?? []);
}

/** What a run must have before it starts: each host it changes, and what rule and runbooks name. Sorted, each once. */
export function lockNames(candidate: GuardedBy & Pick<Candidate, "changed">): string[] {
  const hosts = candidate.changed.filter((host) => host.isExclusive).map((host) => `host:${host.name}`);
  return [...new Set([...hosts, ...guardsOf(candidate).flatMap((guards) => guards.locks)])].sort();
}

/** Whose guards hold for a start. */
type GuardedBy = Pick<Candidate, "rule" | "runbook" | "called">;

/** Whether anything is counted or held for this start: if not, no fact of the database is needed. */
export function isCounted(candidate: GuardedBy & Pick<Candidate, "changed">): boolean {
  const { rule, runbook, changed } = candidate;
  const hasOwn =
    rule !== null &&
    (rule.guards.cooldownMs !== null || rule.guards.breaker !== null || rule.ladder.length > 0);
  return (
    hasOwn ||
    runbook.guards.perUser !== null ||
    changed.some((host) => host.isExclusive) ||
    guardsOf(candidate).some(
      (guards) =>
        guards.rateLimit !== null ||
        guards.concurrency !== null ||
        guards.budget !== null ||
        guards.locks.length > 0,
    )
  );
}

export function guardsOf({ rule, runbook, called }: GuardedBy): Guards[] {
  const ofRunbooks = [runbook, ...called].map((one) => one.guards);
  return rule === null ? ofRunbooks : [rule.guards, ...ofRunbooks];
}

/** A start that one of both wants refused is not put in line. */
export function onBusyOf(candidate: GuardedBy): Guards["onBusy"] {
  return guardsOf(candidate).some((guards) => guards.onBusy === "refuse") ? "refuse" : "queue";
}

/** How long a start waits in line: the shorter of both. */
export function waitOf(candidate: GuardedBy): number {
  return Math.min(...guardsOf(candidate).map((guards) => guards.waitMs));
}
