import type { OnBusy } from "../runbooks/guards.ts";
import type { Verdict } from "./verdict.ts";

/** How the lock that every change of a host takes is named: this, and the host's name. */
const HOST_LOCK = "host:";

export interface LockFacts {
  /** Names of the locks that the run needs. */
  readonly wanted: readonly string[];
  /** By name of the lock, the id of the run that has it or stands in line for it before this one. */
  readonly holders: ReadonlyMap<string, string>;
  readonly onBusy: OnBusy;
}

/** One run at a time has a lock. */
export function judgeLocks({ wanted, holders, onBusy }: LockFacts): Verdict {
  const taken = [...new Set(wanted)].flatMap((lock) => {
    const runId = holders.get(lock);
    return runId === undefined ? [] : [`${shownLock(lock)} is taken by run ${runId}`];
  });
  if (taken.length === 0) return { kind: "passes" };
  return { kind: onBusy === "queue" ? "queues" : "refuses", reason: "lock", text: taken.join("; ") };
}

function shownLock(lock: string): string {
  return lock.startsWith(HOST_LOCK) ? `host ${lock.slice(HOST_LOCK.length)}` : `lock ${lock}`;
}
