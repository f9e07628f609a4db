import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { COOKIE_VARIABLE } from "./command-check.ts";
import type { Cookie } from "./executor.ts";

const POLL_MS = 40;
/** After KILL a process may take a moment to go, or may sit in the kernel; nobody waits longer for it. */
const GONE_AFTER_KILL_MS = 1_000;
/** How many files of /proc are read at once. */
const READS_AT_ONCE = 16;

export interface SweepOptions {
  /** From TERM to KILL. */
  readonly graceMs: number;
  /** Stops looking, whatever is left. Default: a second after the KILL. */
  readonly limitMs?: number;
  /** Only processes that started after this one are looked at; see {@link findProcesses}. */
  readonly afterPid?: number;
}

/** Whether leftovers can be found on this machine; elsewhere a sweep finds nothing. */
export function canSweep(): boolean {
  return process.platform === "linux";
}

/**
 * Ends processes of this machine that carry the cookie, wherever they went: TERM, after the grace KILL. Resolves with how
 * many were found, when they have gone or the limit has passed. Sees the processes of our own user, or all when we are
 * root. Finds nothing where there is no /proc: ask {@link canSweep}.
 */
export async function sweepProcesses(cookie: Cookie, options: SweepOptions): Promise<number> {
  const startedAt = performance.now();
  const limitMs = options.limitMs ?? options.graceMs + GONE_AFTER_KILL_MS;
  const found = new Set<number>();
  for (;;) {
    const pids = await findProcesses(cookie, options.afterPid);
    const elapsedMs = performance.now() - startedAt;
    const signal = elapsedMs >= options.graceMs ? "SIGKILL" : "SIGTERM";
    for (const pid of pids) {
      if (signal === "SIGKILL" || !found.has(pid)) signalProcess(pid, signal);
      found.add(pid);
    }
    if (pids.length === 0 || elapsedMs >= limitMs) return found.size;
    await delay(POLL_MS);
  }
}

/**
 * The ids of processes that carry the cookie, read from the environment each was started with. With `afterPid` only ids
 * given out since that process started are read: it makes a search cheap (one read instead of one for each process of the
 * machine), and is right as long as ids have not gone round once in between, so it is for young processes only.
 */
export async function findProcesses(cookie: Cookie, afterPid?: number): Promise<readonly number[]> {
  if (!canSweep()) return [];
  const mark = Buffer.from(`${COOKIE_VARIABLE}=${cookie}`);
  const isPrefix = cookie.endsWith(":");
  const wanted = afterPid === undefined ? () => true : await startedAfter(afterPid);
  const pids = (await readdir("/proc"))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && wanted(pid));
  const found: number[] = [];
  for (let start = 0; start < pids.length; start += READS_AT_ONCE) {
    const batch = pids.slice(start, start + READS_AT_ONCE);
    const marked = await Promise.all(batch.map((pid) => carries(pid, mark, isPrefix)));
    found.push(...batch.filter((_, index) => marked[index]));
  }
  return found;
}

/** Living processes of a process group. A zombie that nobody reaps still answers to signals, but has no work left. */
export async function findGroupMembers(groupId: number): Promise<readonly number[]> {
  if (!signalProcess(-groupId, 0)) return [];
  if (!canSweep()) return [groupId];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const members = await Promise.all(pids.map((pid) => isLivingMember(pid, groupId)));
  return pids.filter((_, index) => members[index]);
}

/** False when there is no such process any more, or it is not ours to signal. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function startedAfter(afterPid: number): Promise<(pid: number) => boolean> {
  const lastPid = Number((await readFile("/proc/loadavg", "latin1")).trim().split(" ").at(-1));
  if (lastPid >= afterPid) return (pid) => pid > afterPid && pid <= lastPid;
  return (pid) => pid > afterPid || pid <= lastPid;
}

/** A whole variable of the environment, not a part of another one's value. */
async function carries(pid: number, mark: Buffer, isPrefix: boolean): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`).catch(() => null);
  if (environment === null) return false;
  for (let at = environment.indexOf(mark); at !== -1; at = environment.indexOf(mark, at + 1)) {
    const end = environment[at + mark.length];
    const isWhole = isPrefix || end === 0 || end === undefined;
    if (isWhole && (at === 0 || environment[at - 1] === 0)) return true;
  }
  return false;
}

async function isLivingMember(pid: number, groupId: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => null);
  if (stat === null) return false;
  // The name in parentheses may hold anything; what follows the last one is: state, parent, group.
  const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(group) === groupId && state !== "Z" && state !== "X";
}
