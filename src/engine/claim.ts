import { judgeConcurrency } from "../guards/concurrency.ts";
import { judgeLocks } from "../guards/lock.ts";
import { combineVerdicts, type Verdict } from "../guards/verdict.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Run } from "../runs/records.ts";
import { countLiveRuns } from "../store/guard-facts.ts";
import { tryLockEpisodes } from "../store/episodes.ts";
import { holdRun } from "../store/run-holds.ts";
import { findTakenLocks, takeLocks } from "../store/run-locks.ts";
import { type Claim, claimRuns, findWaitingRuns, hasWaitingRuns } from "../store/run-ownership.ts";
import { cancelQueuedRuns } from "../store/runs.ts";
import type { Reader, Store, Tx } from "../store/store.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps } from "./end-run.ts";
import { GuardReads } from "./guard-reads.ts";
import { calledRunbooks, type Candidate, changedInventoryHosts, onBusyOf, waitOf } from "./candidate.ts";
import { type GuardResult, judgeStanding } from "./guards.ts";
import { decideForRun } from "./run-decisions.ts";

/** A run that is held back is looked at again after this, should whatever holds it end unseen. */
const LOOK_AGAIN_MS = 60_000;
/** Before a run is refused whose alert is just being delivered: that delivery waits for guards itself. */
const DELIVERY_MS = 100;
/** Runs looked at in one claim; more of them are held back by guards only rarely. */
const LOOKED_AT_MAX = 200;

export interface ClaimOptions {
  readonly owner: string;
  readonly leaseMs: number;
  /** Runs to take at most. */
  readonly limit: number;
  /** The runbook that a run was planned with; null when this version cannot read it: it is taken, so that it can be ended. */
  readonly runbookOf: (run: Run, db: Reader) => Promise<Runbook | null>;
}

/**
 * Takes runs whose turn has come. Guards are judged once more: a run that may not start now is held back, one that may
 * not start at all is cancelled, and its alert's decision says why. Locks are taken all or none.
 */
export async function claimStartable(
  dependencies: EngineDependencies,
  options: ClaimOptions,
): Promise<readonly Run[]> {
  const { store, catalog } = dependencies;
  return store.transaction(async (tx) => {
    const reads = new GuardReads(tx, store, catalog.current(), await store.nowMs(tx));
    if (!(await hasWaitingRuns(tx, reads.nowMs))) return [];
    // Before the runs: whoever ends alerts locks in this order too, and two orders would be a deadlock.
    await reads.lock();
    const claimed: Run[] = [];
    let lookedAt = 0;
    while (claimed.length < options.limit && lookedAt < LOOKED_AT_MAX) {
      const waiting = await findWaitingRuns(tx, store.dialect, reads.nowMs, options.limit - claimed.length);
      if (waiting.length === 0) break;
      lookedAt += waiting.length;
      const ready: Run[] = [];
      for (const run of waiting) {
        if (run.state === "running" || (await mayStart(dependencies, reads, run, options, ready)))
          ready.push(run);
      }
      if (ready.length > 0)
        claimed.push(...(await claimRuns(tx, idsOf(ready), await claimOf(store, tx, options))));
    }
    return claimed;
  });
}

/** Begins now, later than the ends that were seen while it was judged. */
async function claimOf(store: Store, tx: Tx, { owner, leaseMs }: ClaimOptions): Promise<Claim> {
  const nowMs = await store.nowMs(tx);
  return { owner, nowMs, leaseUntilMs: nowMs + leaseMs };
}

function idsOf(runs: readonly Run[]): string[] {
  return runs.map((run) => run.id);
}

async function mayStart(
  dependencies: EngineDependencies,
  reads: GuardReads,
  run: Run,
  options: ClaimOptions,
  ready: readonly Run[],
): Promise<boolean> {
  const runbook = await options.runbookOf(run, reads.tx);
  if (runbook === null) return true;
  const candidate = candidateOfRun(reads, run, runbook);
  const verdicts = [
    ...(await judgeStanding(reads, candidate)).map((result) => result.verdict),
    ...(await judgeLine(reads, candidate, run, ready)),
  ];
  const { verdict } = combineVerdicts(verdicts);
  if (verdict.kind !== "passes") return hold(reads.tx, dependencies, run, verdict, candidate, reads.nowMs);
  await takeLocks(reads.tx, run.id, reads.nowMs);
  return true;
}

/** What guards would say of the start of a run that still waits for people, at this moment. Its line is not judged: it is not in it. */
export async function judgeWaitingRun(
  { store, catalog }: EngineDependencies,
  run: Run,
  runbook: Runbook,
): Promise<GuardResult[]> {
  return store.transaction(async (tx) => {
    const reads = new GuardReads(tx, store, catalog.current(), await store.nowMs(tx));
    return judgeStanding(reads, candidateOfRun(reads, run, runbook));
  });
}

function candidateOfRun(reads: GuardReads, run: Run, runbook: Runbook): Candidate {
  const { catalog } = reads;
  const ruleName = run.trigger.kind === "alert" ? run.trigger.rule : null;
  // Guards are the policy of this moment, steps are as they were planned.
  const guards = catalog.runbooks.get(run.runbook)?.guards ?? runbook.guards;
  return {
    runId: run.id,
    rule: ruleName === null ? null : (catalog.rulesByName.get(ruleName) ?? null),
    ruleName,
    runbook: { ...runbook, guards },
    called: calledRunbooks(catalog.runbooks, run.plan),
    plan: run.plan,
    changed: changedInventoryHosts(catalog.inventory, run.plan),
    groupKey: run.groupKey ?? "",
    rung: run.rung,
    principal: run.trigger.principal,
    isDryRun: run.isDryRun,
    afterRuns: new Map(),
  };
}

/** Whether a slot and every lock are free. */
async function judgeLine(
  reads: GuardReads,
  candidate: Candidate,
  run: Run,
  ready: readonly Run[],
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const [kind, name, guards] of [
    ["rule", candidate.rule?.name, candidate.rule?.guards],
    ["runbook", run.runbook, candidate.runbook.guards],
  ] as const) {
    if (guards === undefined || name === undefined || guards.concurrency === null) continue;
    const live = await countLiveRuns(reads.tx, { kind, name }, run.id);
    const sameTurn = ready.filter(
      (one) => one.state === "queued" && (kind === "rule" ? one.trigger.rule : one.runbook) === name,
    );
    verdicts.push(
      judgeConcurrency({
        max: guards.concurrency,
        running: live.running + sameTurn.length,
        waiting: 0,
        onBusy: guards.onBusy,
        of: `${kind} ${name}`,
      }),
    );
  }
  const taken = await findTakenLocks(reads.tx, run.id);
  if (taken.length > 0) {
    const holders = new Map(taken.map(({ name, holder }) => [name, holder]));
    verdicts.push(judgeLocks({ wanted: [...holders.keys()], holders, onBusy: onBusyOf(candidate) }));
  }
  return verdicts;
}

/** Keeps the run from starting now, or for good. Always false: it does not start. */
async function hold(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  verdict: Exclude<Verdict, { kind: "passes" }>,
  candidate: Candidate,
  nowMs: number,
): Promise<false> {
  const { reason, text } = verdict;
  if (verdict.kind === "delays") {
    if (run.heldReason !== reason) {
      const retryAt = new Date(verdict.retryAtMs).toISOString();
      await decideForRun(tx, dependencies, run, {
        kind: "delayed",
        reason,
        detail: { text, retry_at: retryAt },
      });
    }
    await holdRun(tx, run.id, verdict.retryAtMs, reason);
    return false;
  }
  const waitEndsAtMs = run.queuedAtMs + waitOf(candidate);
  if (verdict.kind === "queues" && nowMs < waitEndsAtMs) {
    await holdRun(tx, run.id, Math.min(waitEndsAtMs, nowMs + LOOK_AGAIN_MS), reason);
    return false;
  }
  const alerts = await readEpisodesOf(tx, run);
  const ids = alerts.map((alert) => alert.id);
  if (!(await tryLockEpisodes(tx, dependencies.store.dialect, ids))) {
    await holdRun(tx, run.id, nowMs + DELIVERY_MS, reason);
    return false;
  }
  const message = verdict.kind === "queues" ? `it waited in line for too long: ${text}` : text;
  await cancelQueuedRuns(tx, [run.id], nowMs, message);
  await decideForRun(tx, dependencies, run, { kind: "refused", reason, detail: { text: message } });
  await leaveFollowUps(tx, dependencies, { ...run, state: "cancelled", message, finishedAtMs: nowMs }, nowMs);
  return false;
}
