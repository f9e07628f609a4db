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

/** What a lock is on: a host, or what runbooks and rules agree on by its name. */
export function readLockName(lock: string): { readonly kind: "host" | "lock"; readonly name: string } {
  return lock.startsWith(HOST_LOCK)
    ? { kind: "host", name: lock.slice(HOST_LOCK.length) }
    : { kind: "lock", name: lock };
}

function shownLock(lock: string): string {
  const { kind, name } = readLockName(lock);
  return `${kind} ${name}`;
}
