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
  /** Null where a person or a schedule starts the runbook. */
  readonly rule: Rule | null;
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly changed: readonly InventoryHost[];
  readonly groupKey: string;
  /** Rungs of a ladder above the first, and what follows an alert, skip the rule's cooldown and rate limit. */
  readonly rung: number;
  readonly principal: string;
  /** The run that changed one of its hosts shortly before its alert opened, by host. */
  readonly afterRuns: ReadonlyMap<string, string>;
}

/** The hosts of the inventory that the runbook's steps change. One that has left the inventory is not among them. */
export function changedInventoryHosts(
  inventory: Inventory,
  runbook: Runbook,
  plan: Plan,
): readonly InventoryHost[] {
  return changedHosts(runbook, plan).flatMap((host) => inventory.named(host.name) ?? []);
}

/** What a run must have before it starts: each host it changes, and what rule and runbook name. Sorted, each once. */
export function lockNames(rule: Rule | null, runbook: Runbook, changed: readonly InventoryHost[]): string[] {
  const hosts = changed.filter((host) => host.isExclusive).map((host) => `host:${host.name}`);
  return [...new Set([...hosts, ...(rule?.guards.locks ?? []), ...runbook.guards.locks])].sort();
}

/** Whether anything is counted or held for this start: if not, no fact of the database is needed. */
export function isCounted(candidate: Pick<Candidate, "rule" | "runbook" | "changed">): boolean {
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

export function guardsOf({ rule, runbook }: Pick<Candidate, "rule" | "runbook">): Guards[] {
  return rule === null ? [runbook.guards] : [rule.guards, runbook.guards];
}

/** A start that one of both wants refused is not put in line. */
export function onBusyOf(candidate: Pick<Candidate, "rule" | "runbook">): Guards["onBusy"] {
  return guardsOf(candidate).some((guards) => guards.onBusy === "refuse") ? "refuse" : "queue";
}

/** How long a start waits in line: the shorter of both. */
export function waitOf(candidate: Pick<Candidate, "rule" | "runbook">): number {
  return Math.min(...guardsOf(candidate).map((guards) => guards.waitMs));
}
