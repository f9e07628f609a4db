import { judgeConcurrency } from "../guards/concurrency.ts";
import { judgeCooldown } from "../guards/cooldown.ts";
import { judgeLocks } from "../guards/lock.ts";
import { judgeLoop, LOOP_STARTS_MAX, LOOP_WINDOW_MS } from "../guards/loop.ts";
import { judgePerUser } from "../guards/per-user.ts";
import { judgeRateLimit } from "../guards/rate-limit.ts";
import { formatDurationMs } from "../platform/durations.ts";
import type { Rule } from "../rules/rule.ts";
import type { Rate } from "../runbooks/guards.ts";
import { isFollowUp } from "../runs/records.ts";
import {
  countLiveRuns,
  readLockHolders,
  readRuleStarts,
  readRunbookStarts,
  readShadowStarts,
} from "../store/guard-facts.ts";
import { countStartsOnHosts, readChain } from "../store/run-hosts.ts";
import { readCooldownFacts } from "../store/runs.ts";
import { type Candidate, lockNames, onBusyOf } from "./candidate.ts";
import type { GuardReads } from "./guard-reads.ts";
import type { GuardResult } from "./guards.ts";

/** The guards that count starts, and those that make a run wait in line; judged once, when it is decided on. */
export async function judgeCounters(
  reads: GuardReads,
  candidate: Candidate,
  isShadow: boolean,
): Promise<GuardResult[]> {
  if (candidate.isDryRun) return judgeLine(reads, candidate);
  const { rule } = candidate;
  const results: GuardResult[] = [];
  if (rule !== null && candidate.rung === 0)
    results.push(...(await judgeRates(reads, rule, candidate, isShadow)));
  if (rule !== null && !isFollowUp(candidate)) results.push(...(await judgeLoopOf(reads, rule, candidate)));
  results.push(...(await judgeRunbookRates(reads, candidate)));
  if (!isShadow) results.push(...(await judgeLine(reads, candidate)));
  return results;
}

/** What it would wait in line for. A rule that only observes takes no slot and no lock. */
async function judgeLine(reads: GuardReads, candidate: Candidate): Promise<GuardResult[]> {
  const { rule, runbook } = candidate;
  const results: GuardResult[] = [];
  for (const [kind, guards, name] of [
    ["rule", rule?.guards, rule?.name],
    ["runbook", runbook.guards, runbook.name],
  ] as const) {
    if (guards === undefined || name === undefined || guards.concurrency === null) continue;
    const { running, queued } = await countLiveRuns(reads.tx, { kind, name });
    const { concurrency: max, onBusy } = guards;
    results.push({
      guard: "concurrency",
      verdict: judgeConcurrency({ max, running, waiting: queued, onBusy, of: `${kind} ${name}` }),
      saw: `${kind} ${name} has ${running} of ${max} runs under way, and ${queued} in line`,
    });
  }
  const wanted = lockNames(candidate);
  if (wanted.length > 0) {
    const holders = await readLockHolders(reads.tx, wanted);
    const verdict = judgeLocks({ wanted, holders, onBusy: onBusyOf(candidate) });
    results.push({ guard: "lock", verdict, saw: `it needs ${wanted.join(", ")}` });
  }
  return results;
}

async function judgeRates(
  reads: GuardReads,
  rule: Rule,
  candidate: Candidate,
  isShadow: boolean,
): Promise<GuardResult[]> {
  const { tx, nowMs } = reads;
  const { cooldownMs, rateLimit } = rule.guards;
  const results: GuardResult[] = [];
  if (cooldownMs !== null) {
    const endedAtMs = isShadow
      ? ((await readShadowStarts(tx, rule.name, candidate.groupKey, 1))[0] ?? null)
      : await lastEnd(reads, rule.name, candidate.groupKey);
    results.push({
      guard: "cooldown",
      verdict: judgeCooldown({ cooldownMs, lastRunEndedAtMs: endedAtMs, nowMs }),
      saw:
        endedAtMs === null
          ? "no run for this group yet"
          : `the last run for this group ended at ${new Date(endedAtMs).toISOString()}`,
    });
  }
  if (rateLimit !== null) {
    const startsAtMs = isShadow
      ? await readShadowStarts(tx, rule.name, null, rateLimit.max)
      : await readRuleStarts(tx, rule.name, rateLimit.max);
    const verdict = judgeRateLimit({ ...rateLimit, startsAtMs, nowMs });
    results.push({ guard: "rate_limit", verdict, saw: rateSeen("the rule", rateLimit, startsAtMs, nowMs) });
  }
  return results;
}

function rateSeen(whose: string, { max, perMs }: Rate, startsAtMs: readonly number[], nowMs: number): string {
  const counted = startsAtMs.filter((atMs) => atMs > nowMs - perMs).length;
  return `${counted} of ${max} starts of ${whose} within ${formatDurationMs(perMs)}`;
}

/** A run of the group that has not ended holds the cooldown as one that ends now. */
async function lastEnd(reads: GuardReads, rule: string, groupKey: string): Promise<number | null> {
  const last = await readCooldownFacts(reads.tx, rule, groupKey);
  return last === null ? null : (last.finishedAtMs ?? reads.nowMs);
}

async function judgeRunbookRates(reads: GuardReads, candidate: Candidate): Promise<GuardResult[]> {
  const { runbook, rule, principal } = candidate;
  const { rateLimit, perUser } = runbook.guards;
  const { tx, nowMs } = reads;
  const results: GuardResult[] = [];
  if (rateLimit !== null) {
    const startsAtMs = await readRunbookStarts(tx, runbook.name, null, rateLimit.max);
    const verdict = judgeRateLimit({ ...rateLimit, startsAtMs, nowMs });
    results.push({
      guard: "rate_limit",
      verdict,
      saw: rateSeen("the runbook", rateLimit, startsAtMs, nowMs),
    });
  }
  if (perUser !== null && rule === null) {
    const startsAtMs = await readRunbookStarts(tx, runbook.name, principal, perUser.max);
    const verdict = judgePerUser({ ...perUser, startsAtMs, nowMs });
    results.push({ guard: "per_user", verdict, saw: rateSeen(principal, perUser, startsAtMs, nowMs) });
  }
  return results;
}

async function judgeLoopOf(reads: GuardReads, rule: Rule, candidate: Candidate): Promise<GuardResult[]> {
  // Where changes cannot meet, many runs an hour are no sign of a loop.
  const hosts = candidate.changed.filter((host) => host.isExclusive).map((host) => host.name);
  if (hosts.length === 0) return [];
  const startsOnHost = await countStartsOnHosts(reads.tx, rule.name, hosts, reads.nowMs - LOOP_WINDOW_MS);
  const chains: string[][] = [];
  for (const host of hosts)
    chains.push(await readChain(reads.tx, host, candidate.afterRuns.get(host) ?? null));
  const chain = chains.toSorted((left, right) => right.length - left.length)[0] ?? [];
  const counts = hosts.map((host) => `${startsOnHost.get(host) ?? 0} of ${LOOP_STARTS_MAX} on ${host}`);
  return [
    {
      guard: "loop",
      verdict: judgeLoop({ rule: rule.name, hosts, startsOnHost, chain }),
      saw: `runs of the rule within ${formatDurationMs(LOOP_WINDOW_MS)}: ${counts.join(", ")}`,
    },
  ];
}
