import { selectorMatches } from "../expressions/matchers.ts";
import { judgeActivity } from "../guards/activity.ts";
import { judgeAutomation } from "../guards/automation.ts";
import { judgeBreaker } from "../guards/breaker.ts";
import { judgeBudget } from "../guards/budget.ts";
import { judgePauses } from "../guards/pause.ts";
import type { Verdict } from "../guards/verdict.ts";
import { formatDurationMs } from "../platform/durations.ts";
import type { Budget } from "../runbooks/guards.ts";
import type { Reason } from "../runs/reasons.ts";
import { readBreaker } from "../store/breakers.ts";
import { readChangedHosts } from "../store/run-hosts.ts";
import { judgeInputAsserts } from "./asserts.ts";
import { type Candidate, guardsOf } from "./candidate.ts";
import type { GuardReads } from "./guard-reads.ts";

/** What one guard said of a start. */
export interface GuardResult {
  /** The reason it gives when it speaks against a start. */
  readonly guard: Reason;
  readonly verdict: Verdict;
  /** What it saw, for people who ask why. */
  readonly saw: string;
}

/** The guards that must let a run pass both when it is decided on and when it starts. */
export async function judgeStanding(reads: GuardReads, candidate: Candidate): Promise<GuardResult[]> {
  const { ruleName, runbook, plan } = candidate;
  const { nowMs } = reads;
  const results: GuardResult[] = [];
  const pauses = await reads.pauses();
  if (pauses.length > 0)
    results.push({
      guard: "paused",
      verdict: judgePauses({
        pauses,
        rule: ruleName,
        runbook: runbook.name,
        hosts: plan.hosts,
        nowMs,
      }),
      saw: `pauses in force: ${pauses.map((pause) => `${pause.name} (${pause.scope})`).join(", ")}`,
    });
  if (!candidate.isDryRun) results.push(...(await judgeChange(reads, candidate)));
  for (const verdict of judgeInputAsserts(runbook, plan))
    results.push({ guard: "assert", verdict, saw: "the inputs" });
  return results;
}

/** The guards that are about changes. */
async function judgeChange(reads: GuardReads, candidate: Candidate): Promise<GuardResult[]> {
  const { rule, ruleName, changed } = candidate;
  const { nowMs } = reads;
  const results: GuardResult[] = [];
  if (ruleName !== null && changed.length > 0)
    results.push({
      guard: "automation_off",
      verdict: judgeAutomation(changed, await reads.holds()),
      saw: `it changes ${changed.map((host) => host.name).join(", ")}`,
    });
  for (const guards of guardsOf(candidate)) {
    if (guards.active.length > 0 || guards.mute.length > 0)
      results.push(judgeTimes(reads, guards.active, guards.mute));
    if (guards.budget !== null && changed.length > 0)
      results.push(await judgeBudgetOf(reads, guards.budget, candidate));
  }
  const breaker = rule?.guards.breaker ?? null;
  if (rule !== null && breaker !== null) {
    const state = await readBreaker(reads.tx, rule.name);
    const verdict = judgeBreaker({ rule: rule.name, state, breaker, nowMs });
    const isOpen = state !== null && state.openedAtMs !== null;
    results.push({ guard: "breaker", verdict, saw: isOpen ? "it has opened" : "it is closed" });
  }
  return results;
}

function judgeTimes(reads: GuardReads, active: readonly string[], mute: readonly string[]): GuardResult {
  const { nowMs, catalog } = reads;
  const verdict = judgeActivity({ active, mute, intervals: catalog.intervals, nowMs });
  const named = [
    ...(active.length > 0 ? [`active: ${active.join(", ")}`] : []),
    ...(mute.length > 0 ? [`mute: ${mute.join(", ")}`] : []),
  ];
  const isMuted = verdict.kind !== "passes" ? verdict.reason === "muted" : active.length === 0;
  return { guard: isMuted ? "muted" : "inactive", verdict, saw: named.join("; ") };
}

async function judgeBudgetOf(
  reads: GuardReads,
  budget: Budget,
  { changed, runId }: Candidate,
): Promise<GuardResult> {
  const { hosts } = reads.catalog.inventory;
  const selected = hosts.filter((host) => selectorMatches(budget.hosts, host.labels));
  const selectedHosts = selected.map((host) => host.name);
  const sinceMs = reads.nowMs - budget.withinMs;
  const changedHosts = await readChangedHosts(reads.tx, selectedHosts, sinceMs, runId);
  return {
    guard: "budget",
    verdict: judgeBudget({
      budget,
      selectedHosts,
      changedHosts,
      wantedHosts: changed.map((host) => host.name),
    }),
    saw: `${changedHosts.length} of ${selectedHosts.length} hosts with ${budget.selector} changed within ${formatDurationMs(budget.withinMs)}`,
  };
}
