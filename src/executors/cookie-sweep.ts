import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { COOKIE_VARIABLE } from "./command-check.ts";
import type { Cookie } from "./executor.ts";

const POLL_MS = 40;
/** After KILL a process may take a moment to go, or may sit in the kernel; nobody waits longer for it. */
const GONE_AFTER_KILL_MS = 1_000;
/** How many files of /proc are read at once. */
const READS_AT_ONCE = 16;
/** Of one search, on a machine that starts processes all the time. */
const LOOKS_MAX = 10;
/** How long a process may take to become another program: much longer than it does, be the machine ever so busy. */
const BECOMING_READS_MAX = 50;
const BECOMING_POLL_MS = 2;
/** Of proc(5), counted from its third field: where the environment begins, and after it where it ends; 0 while there is none. */
const ENVIRONMENT_START = 47;
/** PF_KTHREAD of Linux. */
const KERNEL_THREAD = 0x0020_0000;

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
  const found = new Set<number>();
  let last = await lastPid();
  let wanted = afterPid === undefined ? () => true : isBetween(afterPid, last);
  // What was looked at may have started another one meanwhile, and be gone itself: whatever has come since is looked at, too.
  for (let looks = 1; ; looks += 1) {
    for (const pid of await carriers((await allPids()).filter(wanted), mark, isPrefix)) found.add(pid);
    const newest = await lastPid();
    if (newest === last || looks >= LOOKS_MAX) return [...found];
    wanted = isBetween(last, newest);
    last = newest;
  }
}

async function allPids(): Promise<readonly number[]> {
  const names = await readdir("/proc");
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

async function carriers(pids: readonly number[], mark: Buffer, isPrefix: boolean): Promise<number[]> {
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

/** The id that was given out last on this machine. */
async function lastPid(): Promise<number> {
  return Number((await readFile("/proc/loadavg", "latin1")).trim().split(" ").at(-1));
}

/** Ids go round: those after the highest one are low again. */
function isBetween(afterPid: number, last: number): (pid: number) => boolean {
  if (last >= afterPid) return (pid) => pid > afterPid && pid <= last;
  return (pid) => pid > afterPid || pid <= last;
}

/** A whole variable of the environment, not a part of another one's value. */
async function carries(pid: number, mark: Buffer, isPrefix: boolean): Promise<boolean> {
  const environment = await environmentOf(pid);
  for (let at = environment.indexOf(mark); at !== -1; at = environment.indexOf(mark, at + 1)) {
    const end = environment[at + mark.length];
    const isWhole = isPrefix || end === 0 || end === undefined;
    if (isWhole && (at === 0 || environment[at - 1] === 0)) return true;
  }
  return false;
}

/** Empty when there is none, or when it is not ours to read. */
async function environmentOf(pid: number): Promise<Buffer> {
  for (let reads = 1; ; reads += 1) {
    const environment = await readFile(`/proc/${pid}/environ`).catch(() => null);
    if (environment === null) return Buffer.alloc(0);
    if (environment.length > 0 || reads >= BECOMING_READS_MAX || !(await isBecoming(pid))) return environment;
    await delay(BECOMING_POLL_MS);
  }
}

/**
 * Whether a process that showed no environment has one, or is about to: while it becomes another program there is neither the
 * old one nor the new, and what was opened as the old one is empty afterwards.
 */
async function isBecoming(pid: number): Promise<boolean> {
  const fields = await statOf(pid);
  const isEnded = fields[0] === undefined || fields[0] === "Z" || fields[0] === "X";
  const isOfKernel = (Number(fields[6]) & KERNEL_THREAD) !== 0;
  const [from, to] = fields.slice(ENVIRONMENT_START, ENVIRONMENT_START + 2);
  return !isEnded && !isOfKernel && (to === "0" || from !== to);
}

async function isLivingMember(pid: number, groupId: number): Promise<boolean> {
  const [state, , group] = await statOf(pid);
  return Number(group) === groupId && state !== "Z" && state !== "X";
}

/** What proc(5) lists from the third field on: state, parent, group, …; empty when there is no such process. */
async function statOf(pid: number): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // The name in parentheses may hold anything.
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
