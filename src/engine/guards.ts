import { selectorMatches } from "../expressions/matchers.ts";
import { judgeActivity } from "../guards/activity.ts";
import { judgeAutomation } from "../guards/automation.ts";
import { judgeBreaker } from "../guards/breaker.ts";
import { judgeBudget } from "../guards/budget.ts";
import { judgeConcurrency } from "../guards/concurrency.ts";
import { judgeCooldown } from "../guards/cooldown.ts";
import { judgeLocks } from "../guards/lock.ts";
import { judgeLoop, LOOP_WINDOW_MS } from "../guards/loop.ts";
import { judgePauses } from "../guards/pause.ts";
import { judgePerUser } from "../guards/per-user.ts";
import { judgeRateLimit } from "../guards/rate-limit.ts";
import type { Verdict } from "../guards/verdict.ts";
import type { InventoryHost } from "../hosts/host.ts";
import type { Inventory } from "../hosts/inventory.ts";
import type { Rule } from "../rules/rule.ts";
import type { Budget, Guards } from "../runbooks/guards.ts";
import { changedHosts, type Plan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import { readBreaker } from "../store/breakers.ts";
import {
  countLiveRuns,
  readLockHolders,
  readRuleStarts,
  readRunbookStarts,
  readShadowStarts,
} from "../store/guard-facts.ts";
import { countStartsOnHosts, readChain, readChangedHosts } from "../store/run-hosts.ts";
import { readCooldownFacts } from "../store/runs.ts";
import type { GuardReads } from "./guard-reads.ts";

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
  /** Rungs of a ladder above the first skip the rule's cooldown and rate limit. */
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

/** The guards that must let a run pass both when it is decided on and when it starts. */
export async function judgeStanding(reads: GuardReads, candidate: Candidate): Promise<Verdict[]> {
  const { rule, runbook, plan, changed } = candidate;
  const { nowMs } = reads;
  const verdicts: Verdict[] = [];
  const pauses = await reads.pauses();
  if (pauses.length > 0)
    verdicts.push(
      judgePauses({ pauses, rule: rule?.name ?? null, runbook: runbook.name, hosts: plan.hosts, nowMs }),
    );
  if (rule !== null && changed.length > 0) verdicts.push(judgeAutomation(changed, await reads.holds()));
  for (const guards of guardsOf(candidate)) {
    if (guards.active.length > 0 || guards.mute.length > 0)
      verdicts.push(
        judgeActivity({
          active: guards.active,
          mute: guards.mute,
          intervals: reads.catalog.intervals,
          nowMs,
        }),
      );
    if (guards.budget !== null && changed.length > 0)
      verdicts.push(await judgeBudgetOf(reads, guards.budget, changed, candidate.runId));
  }
  const breaker = rule?.guards.breaker ?? null;
  if (rule !== null && breaker !== null)
    verdicts.push(
      judgeBreaker({ rule: rule.name, state: await readBreaker(reads.tx, rule.name), breaker, nowMs }),
    );
  return verdicts;
}

/** The guards that count starts, and those that make a run wait in line; judged once, when it is decided on. */
export async function judgeCounters(
  reads: GuardReads,
  candidate: Candidate,
  isShadow: boolean,
): Promise<Verdict[]> {
  const { rule, runbook, changed } = candidate;
  const verdicts: Verdict[] = [];
  if (rule !== null && candidate.rung === 0)
    verdicts.push(...(await judgeRates(reads, rule, candidate, isShadow)));
  if (rule !== null) verdicts.push(await judgeLoopOf(reads, rule, candidate, changed));
  verdicts.push(...(await judgeRunbookRates(reads, candidate)));
  if (isShadow) return verdicts;
  for (const [kind, guards, name] of [
    ["rule", rule?.guards, rule?.name],
    ["runbook", runbook.guards, runbook.name],
  ] as const) {
    if (guards === undefined || guards.concurrency === null) continue;
    const live = await countLiveRuns(reads.tx, { kind, name: name ?? "" });
    verdicts.push(
      judgeConcurrency({
        max: guards.concurrency,
        running: live.running,
        waiting: live.queued,
        onBusy: guards.onBusy,
        of: `${kind} ${name ?? ""}`,
      }),
    );
  }
  const wanted = lockNames(rule, runbook, changed);
  if (wanted.length > 0) {
    const holders = await readLockHolders(reads.tx, wanted);
    verdicts.push(judgeLocks({ wanted, holders, onBusy: onBusyOf(candidate) }));
  }
  return verdicts;
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

async function judgeRates(
  reads: GuardReads,
  rule: Rule,
  candidate: Candidate,
  isShadow: boolean,
): Promise<Verdict[]> {
  const { tx, nowMs } = reads;
  const { cooldownMs, rateLimit } = rule.guards;
  const verdicts: Verdict[] = [];
  if (cooldownMs !== null) {
    const lastRunEndedAtMs = isShadow
      ? ((await readShadowStarts(tx, rule.name, candidate.groupKey, 1))[0] ?? null)
      : await lastEnd(reads, rule.name, candidate.groupKey);
    verdicts.push(judgeCooldown({ cooldownMs, lastRunEndedAtMs, nowMs }));
  }
  if (rateLimit !== null) {
    const startsAtMs = isShadow
      ? await readShadowStarts(tx, rule.name, null, rateLimit.max)
      : await readRuleStarts(tx, rule.name, rateLimit.max);
    verdicts.push(judgeRateLimit({ ...rateLimit, startsAtMs, nowMs }));
  }
  return verdicts;
}

/** A run of the group that has not ended holds the cooldown as one that ends now. */
async function lastEnd(reads: GuardReads, rule: string, groupKey: string): Promise<number | null> {
  const last = await readCooldownFacts(reads.tx, rule, groupKey);
  return last === null ? null : (last.finishedAtMs ?? reads.nowMs);
}

async function judgeRunbookRates(reads: GuardReads, candidate: Candidate): Promise<Verdict[]> {
  const { runbook, rule, principal } = candidate;
  const { rateLimit, perUser } = runbook.guards;
  const { tx, nowMs } = reads;
  const verdicts: Verdict[] = [];
  if (rateLimit !== null)
    verdicts.push(
      judgeRateLimit({
        ...rateLimit,
        startsAtMs: await readRunbookStarts(tx, runbook.name, null, rateLimit.max),
        nowMs,
      }),
    );
  if (perUser !== null && rule === null)
    verdicts.push(
      judgePerUser({
        ...perUser,
        startsAtMs: await readRunbookStarts(tx, runbook.name, principal, perUser.max),
        nowMs,
      }),
    );
  return verdicts;
}

async function judgeLoopOf(
  reads: GuardReads,
  rule: Rule,
  candidate: Candidate,
  changed: readonly InventoryHost[],
): Promise<Verdict> {
  // Where changes cannot meet, many runs an hour are no sign of a loop.
  const hosts = changed.filter((host) => host.isExclusive).map((host) => host.name);
  if (hosts.length === 0) return { kind: "passes" };
  const startsOnHost = await countStartsOnHosts(reads.tx, rule.name, hosts, reads.nowMs - LOOP_WINDOW_MS);
  const chains = await Promise.all(
    hosts.map((host) => readChain(reads.tx, host, candidate.afterRuns.get(host) ?? null)),
  );
  const chain = chains.toSorted((left, right) => right.length - left.length)[0] ?? [];
  return judgeLoop({ rule: rule.name, hosts, startsOnHost, chain });
}

async function judgeBudgetOf(
  reads: GuardReads,
  budget: Budget,
  changed: readonly InventoryHost[],
  runId: string | null,
): Promise<Verdict> {
  const { hosts } = reads.catalog.inventory;
  const selected = hosts.filter((host) => selectorMatches(budget.hosts, host.labels));
  const selectedHosts = selected.map((host) => host.name);
  const sinceMs = reads.nowMs - budget.withinMs;
  return judgeBudget({
    budget,
    selectedHosts,
    changedHosts: await readChangedHosts(reads.tx, selectedHosts, sinceMs, runId),
    wantedHosts: changed.map((host) => host.name),
  });
}
