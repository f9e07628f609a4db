import { readLockName } from "../guards/lock.ts";
import type { Run } from "../runs/records.ts";
import { findRunsUnderWay } from "../store/guard-facts.ts";
import { findTakenLocks } from "../store/run-locks.ts";
import { readQueueBefore } from "../store/run-ownership.ts";
import { readRun } from "../store/runs.ts";
import type { Reader } from "../store/store.ts";
import type { EngineDependencies } from "./dependencies.ts";

// What a queued run waits for, as it is at this moment: claims judge it anew each time.

/** What is taken: a host or another lock, or each place of a rule or a runbook. */
export interface Holder {
  readonly kind: "host" | "lock" | "rule" | "runbook";
  readonly name: string;
  /** Null when it has ended meanwhile. */
  readonly run: Run | null;
}

export interface RunLine {
  /** Queued runs that are looked at before it. */
  readonly ahead: number;
  /** Runs that have a slot, of all nodes. */
  readonly running: number;
  /** Slots of this node: `limits.max_runs`. */
  readonly slots: number;
  readonly holders: readonly Holder[];
}

/** Of each rule or runbook whose places are taken. */
const HOLDERS_MAX = 20;

/** Runs that stand before a queued run, or have what it needs. Of a run that is not queued nothing holds it. */
export async function readRunLine(dependencies: EngineDependencies, run: Run): Promise<RunLine> {
  const { store, limits } = dependencies;
  const db = store.reader;
  const slots = limits.runsMax;
  const before = await readQueueBefore(db, run.id, await store.nowMs(db));
  if (run.state !== "queued") return { ...before, ahead: 0, slots, holders: [] };
  const held = [...(await lockHolders(db, run)), ...(await placeHolders(dependencies, run))];
  const holders = held.map(async ({ runId, ...of }) => ({ ...of, run: await readRun(db, runId) }));
  return { ...before, slots, holders: await Promise.all(holders) };
}

type HeldBy = Pick<Holder, "kind" | "name"> & { readonly runId: string };

async function lockHolders(db: Reader, run: Run): Promise<HeldBy[]> {
  const taken = await findTakenLocks(db, run.id);
  return taken.map(({ name, holder }) => ({ ...readLockName(name), runId: holder }));
}

/** Guards are the policy of this moment, as claims have them. */
async function placeHolders({ store, catalog }: EngineDependencies, run: Run): Promise<HeldBy[]> {
  const { rulesByName, runbooks } = catalog.current();
  const { rule } = run.trigger;
  const held: HeldBy[] = [];
  for (const [kind, name, guards] of [
    ["rule", rule, rule === null ? undefined : rulesByName.get(rule)?.guards],
    ["runbook", run.runbook, runbooks.get(run.runbook)?.guards],
  ] as const) {
    if (name === null || guards === undefined || guards.concurrency === null) continue;
    const live = await findRunsUnderWay(
      store.reader,
      { kind, name },
      Math.max(HOLDERS_MAX, guards.concurrency),
    );
    if (live.length < guards.concurrency) continue;
    held.push(...live.slice(0, HOLDERS_MAX).map((runId) => ({ kind, name, runId })));
  }
  return held;
}
